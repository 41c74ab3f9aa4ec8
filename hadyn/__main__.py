"""Run hadyn as ``python -m hadyn``."""

from hadyn.cli import main

if __name__ == "__main__":
    main()
