"""Rules of the family ``references``."""
