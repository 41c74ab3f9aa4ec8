"""The same wish as files."""
