"""What NeMo Guardrails would make of a directory, worked out without importing NeMo."""
