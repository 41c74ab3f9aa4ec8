"""A rolling update under load, on one machine and with nothing made up."""
