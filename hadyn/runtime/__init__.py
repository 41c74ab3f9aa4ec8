"""Talking to the running HAProxy."""
