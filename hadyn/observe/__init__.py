"""hadyn seen from outside: log, metrics, HTTP."""
