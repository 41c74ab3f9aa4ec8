#!/bin/bash
# down.sh DIR [NAME ...]: ends what up.sh started there, or only the parts named; etcd last (a kube-apiserver whose
# etcd is gone does not stop by itself).
is_running() { [ -e "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2> /dev/null; }
# await_end PID: until it is gone, for 3 seconds at most.
await_end() { for _ in $(seq 60); do is_running "$1" || return 0; sleep 0.05; done; return 1; }
cd "$1" || exit 1
shift
for name in ${*:-coredns hollow-node kube-controller-manager kube-apiserver etcd}; do
  pid=$(cat "pid/$name" 2> /dev/null) || continue
  rm -f "pid/$name"
  kill -CONT "$pid" 2> /dev/null
  kill "$pid" 2> /dev/null || continue
  await_end "$pid" && continue
  kill -9 "$pid" 2> /dev/null
  # Its ports and files are free when it is gone, and not before.
  await_end "$pid" || exit 1
done
