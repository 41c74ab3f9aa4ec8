"""Where the wish comes from: a folder of manifests, a Kubernetes cluster."""
