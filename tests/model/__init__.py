"""The model: objects in, desired state out."""
