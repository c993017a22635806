"""Rules of the family ``streaming``."""
