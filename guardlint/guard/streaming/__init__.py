"""Guarded streams: text is released once it is final, masked, and covered by a check."""
