"""The apiserver of a Kubernetes cluster: who hadyn is there, requests, answers as bytes, refusals as errors."""
