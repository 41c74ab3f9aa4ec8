#!/bin/bash
# up.sh BINARY DIR [NAME ...]: starts a Kubernetes control plane in the present network namespace (see README.md),
# or only the parts named: etcd, kube-apiserver, kube-controller-manager, hollow-node, coredns.
# Leaves DIR/kubeconfig, DIR/pid/NAME and DIR/log/NAME. API_FLAGS adds flags of kube-apiserver.
set -e
binary=$(realpath "$1")
mkdir -p "$2/bin" "$2/pki" "$2/log" "$2/pid"
cd "$2"
shift 2
parts=${*:-etcd kube-apiserver kube-controller-manager hollow-node coredns}
dir=$PWD
address=10.99.255.100
for name in etcd kube-apiserver kube-controller-manager hollow-node coredns; do ln -sf "$binary" "bin/$name"; done

if [ ! -f pki/ca.crt ]; then
  openssl genrsa -out pki/sa.key 2048 2> /dev/null
  openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2> /dev/null
  openssl req -x509 -newkey rsa:2048 -nodes -keyout pki/ca.key -out pki/ca.crt -subj /CN=ca -days 30 2> /dev/null
  openssl req -newkey rsa:2048 -nodes -keyout pki/api.key -out pki/api.csr -subj /CN=kube-apiserver 2> /dev/null
  openssl x509 -req -in pki/api.csr -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -out pki/api.crt -days 30 \
    -extfile <(echo "subjectAltName=IP:127.0.0.1,IP:$address,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc") 2> /dev/null
  openssl req -newkey rsa:2048 -nodes -keyout pki/client.key -out pki/client.csr -subj /O=system:masters/CN=operator 2> /dev/null
  openssl x509 -req -in pki/client.csr -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -out pki/client.crt -days 30 2> /dev/null
  echo 'admin-token,admin,admin,"system:masters"' > pki/tokens.csv
fi
cat > kubeconfig <<YAML
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}, {name: certificate, context: {cluster: c, user: certificate}}]
clusters: [{name: c, cluster: {server: "https://$address:6443", certificate-authority: "$dir/pki/ca.crt"}}]
users:
- {name: u, user: {token: admin-token}}
- {name: certificate, user: {client-certificate: "$dir/pki/client.crt", client-key: "$dir/pki/client.key"}}
YAML
cat > Corefile <<CORE
cluster.local:53 {
  bind 10.99.255.53
  errors
  kubernetes cluster.local {
    kubeconfig $dir/kubeconfig c
    ttl 5
  }
  loadbalance
}
CORE

start() { local name=$1; shift; "bin/$name" "$@" >> "log/$name" 2>&1 & echo $! > "pid/$name"; }
# await WHAT COMMAND ...: repeats the command until it succeeds, for a minute at most.
await() {
  local what=$1; shift
  for _ in $(seq 600); do "$@" && return; sleep 0.1; done
  echo "$what did not come up; see $dir/log" >&2; exit 1
}
is_ready() { curl -s --max-time 2 --cacert pki/ca.crt -H 'Authorization: Bearer admin-token' "https://$address:6443/readyz" 2> /dev/null | grep -q '^ok$'; }

for part in $parts; do
  case $part in
  etcd)
    start etcd --data-dir "$dir/etcd" --unsafe-no-fsync --log-level warn \
      --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
      --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380 ;;
  kube-apiserver)
    start kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --advertise-address=$address --secure-port=6443 \
      --tls-cert-file=pki/api.crt --tls-private-key-file=pki/api.key --client-ca-file=pki/ca.crt --service-cluster-ip-range=10.96.0.0/16 \
      --allow-privileged=true --authorization-mode=RBAC --token-auth-file=pki/tokens.csv --endpoint-reconciler-type=none \
      --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=pki/sa.pub --service-account-signing-key-file=pki/sa.key \
      --max-requests-inflight=2000 --max-mutating-requests-inflight=1000 ${API_FLAGS}
    await kube-apiserver is_ready ;;
  kube-controller-manager)
    start kube-controller-manager --kubeconfig=kubeconfig --leader-elect=false --bind-address=127.0.0.1 --root-ca-file=pki/ca.crt \
      --service-account-private-key-file=pki/sa.key --kube-api-qps=500 --kube-api-burst=1000 --concurrent-service-endpoint-syncs=10 \
      --controllers=endpoints-controller,endpointslice-controller,endpointslice-mirroring-controller,deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,serviceaccount-controller,serviceaccount-token-controller,namespace-controller,root-ca-certificate-publisher-controller,garbage-collector-controller ;;
  hollow-node)
    : > log/hollow-node
    KUBECONFIG=$dir/kubeconfig start hollow-node
    await hollow-node grep -q ready log/hollow-node ;;
  coredns) start coredns -conf Corefile ;;
  esac
done
