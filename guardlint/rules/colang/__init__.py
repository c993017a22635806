"""Rules of the family ``colang``."""
