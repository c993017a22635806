"""Hostile and harmless team configurations, and what proves that a bundle of them holds."""
