"""Experiments in real NeMo for findings on configurations that other people published."""
