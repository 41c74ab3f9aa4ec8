"""Keep a running HAProxy in step with Kubernetes, without reloads."""

__version__ = "0.1.0"
