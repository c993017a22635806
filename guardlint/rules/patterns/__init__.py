"""Rules of the family ``patterns``."""
