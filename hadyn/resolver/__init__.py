"""Where the wish comes from, too: backends filled from DNS by a resolver that keeps what it knows."""
