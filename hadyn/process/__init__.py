"""HAProxy as a process: start, validate, reload, stop."""
