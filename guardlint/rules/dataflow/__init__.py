"""Rules about where a text goes before it is masked."""
