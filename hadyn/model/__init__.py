"""What is wanted: values only, no I/O and no clock."""
