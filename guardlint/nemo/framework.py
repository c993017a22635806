"""Which of NeMo's frameworks serves the models: its own client (since 0.22), or LangChain."""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration

__all__ = ["KNOWN_ENGINES", "named_in_code", "uses_langchain"]

KNOWN_ENGINES = frozenset(
    "ai21 amazon_bedrock anthropic anyscale aws azure azure_openai bedrock cerebras cohere custom_llm "
    "databricks deepinfra deepseek fireworks gemini google google_anthropic_vertex google_genai "
    "google_vertexai groq huggingface huggingface_endpoint huggingface_hub huggingface_pipeline hf_pipeline "
    "ibm lmstudio litellm llamacpp llama_cpp mistral mistralai nebius nemollm nim nvidia nvidia_ai_endpoints "
    "ollama openai openrouter perplexity replicate sagemaker_endpoint sambanova self_hosted together "
    "trt_llm upstage vertexai vllm vllm_openai watsonx watsonxllm xai fake".split()
)
"""Engines that NeMo, LangChain's packages or NeMo's documentation name."""


def uses_langchain(configuration: Configuration) -> bool:
    """Whether LangChain is NeMo's default (up to 0.21), or the team's code asks for it."""
    if configuration.catalogue.data["langchain"]["default"]:
        return True
    return named_in_code(configuration, "langchain")


def named_in_code(configuration: Configuration, word: str) -> bool:
    """Whether a Python file that NeMo runs holds ``word``: it may register what the YAML names."""
    return any(word in configuration.texts.get(file.file, "") for file in configuration.python_files)
