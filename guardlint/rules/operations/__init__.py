"""Tracing, logs and settings of a running service."""
