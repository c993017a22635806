"""Models, their keys and their addresses."""

from collections.abc import Iterator

from guardlint.rules.rule import Project


def silent(project: Project) -> Iterator[str]:
    """By what the entries of ``models`` and the settings of services hold."""
    configuration = project.configuration
    models, types = configuration.models, configuration.model_types()
    parameters = [item for model in models if isinstance(item := model.get("parameters"), dict)]
    if not parameters:
        yield from ("ignored-endpoint", "langchain-parameter")
    if len(models) == len(types):
        yield "second-model"
    if types <= {"main", "embeddings"}:
        yield "unknown-model-type"
    served = configuration.catalogue.data["engines"]
    if all(not isinstance(engine := model.get("engine"), str) or engine in served for model in models):
        yield "unknown-engine"
    sections = configuration.value(("rails", "config"), {})
    services = sections.values() if isinstance(sections, dict) else ()
    settings = [*models, *parameters, *(item for item in services if isinstance(item, dict))]
    if not any("env" in str(name).lower() for item in settings for name in item):
        yield "unread-key-variable"
