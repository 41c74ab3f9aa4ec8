"""How fast hadyn is, as ratios in one run: ``python -m integration.bench``."""
