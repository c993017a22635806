"""guardlint: one enforceable standard for many teams on NVIDIA NeMo Guardrails."""

__version__ = "0.1.0"

__all__ = ["__version__"]
