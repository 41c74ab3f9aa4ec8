"""What becomes of the annotations of other controllers: understood, not needed, or no equal.

Rule: an annotation that hadyn reads is an alias in an option's entry; here stands what is
to be said of the rest, and where an alias differs.
"""
