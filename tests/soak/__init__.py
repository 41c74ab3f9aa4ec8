"""Random changes and faults on a real HAProxy for half an hour: ``make soak``, no part of CI."""
