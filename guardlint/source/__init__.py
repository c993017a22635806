"""Text with places: YAML, Colang and Python files read so that every fact knows where it stands."""
