"""Annotations of hadyn as a table: one entry each, which code, CLI and docs read.

To add one, write its ``Option`` in a file here and name it in ``table.py``.
"""
