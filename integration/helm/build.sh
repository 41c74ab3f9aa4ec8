#!/bin/bash
# build.sh OUT: builds Helm at OUT, of the version in go.mod (behind the control plane's build: 1 min, warm: 1 s).
# Its k8s.io modules are the control plane's, built with the same flags, so that Go builds them once.
set -e
out=$(realpath -m "$1")
cd "$(dirname "$(realpath "$0")")"
version() { sed -n "s,^\s$1 v\([^ ]*\).*,\1,p" go.mod; }
minor=$(version k8s.io/client-go | cut -d. -f2)
of=helm.sh/helm/v3
CGO_ENABLED=0 go build -trimpath -o "$out" -ldflags "-s -w -X $of/internal/version.version=v$(version $of) \
  -X $of/pkg/lint/rules.k8sVersionMajor=1 -X $of/pkg/lint/rules.k8sVersionMinor=$minor \
  -X $of/pkg/chartutil.k8sVersionMajor=1 -X $of/pkg/chartutil.k8sVersionMinor=$minor" $of/cmd/helm
