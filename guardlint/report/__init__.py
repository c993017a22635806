"""The outputs: text for people, JSON for machines."""
