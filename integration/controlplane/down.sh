#!/bin/bash
# down.sh DIR [NAME ...]: ends what up.sh started there, or only the parts named; etcd last (a kube-apiserver whose
# etcd is gone does not stop by itself).
cd "$1" || exit 1
shift
for name in ${*:-coredns hollow-node kube-controller-manager kube-apiserver etcd}; do
  pid=$(cat "pid/$name" 2> /dev/null) || continue
  rm -f "pid/$name"
  kill -CONT "$pid" 2> /dev/null
  kill "$pid" 2> /dev/null || continue
  for _ in $(seq 30); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
  kill -9 "$pid" 2> /dev/null || true
done
