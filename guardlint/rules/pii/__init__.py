"""Rules of the family ``pii``."""
