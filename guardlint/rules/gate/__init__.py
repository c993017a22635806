"""Rules about changes: what a gate says beside what a check says."""
