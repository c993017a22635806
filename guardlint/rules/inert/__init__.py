"""Rules of the family ``inert``."""
