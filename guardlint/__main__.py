"""``python -m guardlint``."""

from guardlint.cli.main import run

if __name__ == "__main__":
    run()
