"""Models, their keys and their addresses."""
