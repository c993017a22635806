"""The team's own Python: actions that are not there, that never block, or that nobody can call."""
