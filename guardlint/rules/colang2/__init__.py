"""Colang 2.x: what its runtime passes over without a word."""
