"""What one of NeMo's engines runs and the other does not."""
