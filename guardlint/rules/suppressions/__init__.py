"""Rules about suppressions: comments and the baseline."""
