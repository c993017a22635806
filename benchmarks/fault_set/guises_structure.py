# ruff: noqa: E501
"""Faults of keys, files and sections, and what only looks like one."""

from __future__ import annotations

from typing import Final

from .editing import add, both, every, only, rename, swap, without
from .records import Guise

__all__ = ["STRUCTURE"]

_SECOND: Final = "rails:\n  dialog:\n    single_call:\n      enabled: true\n"
_CHECKED: Final = "one-file|prompts-apart|own-actions|patterns|personal-data"
_CLASSIC_CHECKED: Final = "one-file|prompts-apart|own-actions|patterns|anchors|personal-data"
_REPLACED: Final = ("replaced-rails",)
_KEY: Final = ("unknown-key",)

STRUCTURE: Final = (
    Guise("unknown key", "rail", "C", without("output-only", swap(r"^rails:", "rail:", "*.y*ml")), _KEY),
    Guise(
        "unknown key", "Rails", "C", only("one-file|own-actions", swap(r"^rails:", "Rails:", "*.yml")), _KEY
    ),
    Guise("unknown key", "guardrails", "C", only("patterns|parallel", swap(r"^rails:", "guardrails:")), _KEY),
    Guise("unknown key", "inputs", "C", only(_CHECKED, swap(r"^  input:", "  inputs:", "*.yml")), _KEY),
    Guise(
        "unknown key", "Output", "C", swap(r"^  output:\n    flows", "  Output:\n    flows", "*.y*ml"), _KEY
    ),
    Guise("unknown key", "flow", "C", swap(r"^    flows:", "    flow:", "*.y*ml"), _KEY),
    Guise("unknown key", "rails below flows", "C", swap(r"^    flows:", "    rails:", "*.y*ml"), _KEY),
    Guise("unknown key", "quoted flow style", "C", swap('"flows"', '"flow"', "*.yml"), _KEY),
    Guise("unknown key", "quoted input", "C", swap('"input":', '"Input":', "*.yml"), _KEY),
    Guise("unknown key", "trailing blank in quotes", "C", swap(r"^  output:", '  "output ":', "*.yml"), _KEY),
    Guise("unknown key", "cyrillic", "C", swap(r"^  input:", "  inрut:", "*.yml"), _KEY),
    Guise("unknown key", "entity", "C", swap(r"^(        )entities:", r"\1entity:", "*.yml"), _KEY),
    Guise("unknown key", "pattern", "C", swap(r"^(        )patterns:", r"\1pattern:", "*.yml"), _KEY),
    Guise("unknown key", "regex", "C", swap("regex_detection:", "regex:", "*.yml"), _KEY),
    Guise(
        "unknown key",
        "sdd misspelt",
        "C",
        swap("sensitive_data_detection:", "sensitive_data:", "*.yml"),
        _KEY,
    ),
    Guise(
        "unknown key",
        "sdd with dashes",
        "C",
        swap("sensitive_data_detection", "sensitive-data-detection"),
        _KEY,
    ),
    Guise("unknown key", "configs", "C", swap(r"^  config:", "  configs:", "*.yml"), _KEY),
    Guise("unknown key", "stream first", "D", swap("stream_first: false", "streamfirst: false"), _KEY),
    Guise("unknown key", "stream first dash", "D", swap("stream_first: false", "stream-first: false"), _KEY),
    Guise(
        "unknown key", "prompt key", "C", only("one-file", swap("^prompts:", "prompt:")), _KEY, level="any"
    ),
    Guise(
        "unknown key",
        "prompt content",
        "A",
        only("one-file|own-and-library", swap(r"(- task: .*\n)    content:", r"\1    contents:", "*.y*ml")),
        (),
        level="error",
    ),
    Guise(
        "unknown key",
        "input flows at the top",
        "C",
        only(
            "one-file",
            swap(
                r"^rails:\n  input:\n    flows:\n      - self check input\n",
                "input:\n  flows:\n    - self check input\nrails:\n",
            ),
        ),
        _KEY,
    ),
    Guise(
        "misplaced section",
        "sdd at the top",
        "C",
        only(
            "detection",
            swap(
                r"rails:\n  config:\n    sensitive_data_detection:\n      input:\n        score_threshold: 0.4\n"
                r"        entities: (.*)\n      output:\n        entities: (.*)\n",
                r"sensitive_data_detection:\n  input:\n    entities: \1\n  output:\n    entities: \2\nrails:\n",
            ),
        ),
        _KEY,
    ),
    Guise(
        "misplaced section",
        "sdd under rails",
        "C",
        only(
            "detection",
            swap(
                r"  config:\n    sensitive_data_detection:\n      input:\n        score_threshold: 0.4\n"
                r"        entities: (.*)\n      output:\n        entities: (.*)\n",
                r"  sensitive_data_detection:\n    input:\n      entities: \1\n    output:\n      entities: \2\n",
            ),
        ),
        _KEY,
    ),
    Guise(
        "misplaced section",
        "regex under rails",
        "C",
        swap(r"  config:\n    regex_detection:\n((?:      .*\n)+)", r"  regex_detection:\n\1", "*.yml"),
        _KEY,
    ),
    Guise(
        "misplaced section",
        "streaming beside output",
        "D",
        swap(r"    streaming:\n((?:      .*\n)+)", r"streaming:\n\1", "*.yml"),
        _KEY,
        level="any",
        judged=False,
    ),
    Guise(
        "misplaced section",
        "entities at sdd",
        "C",
        only(
            "detection",
            swap(
                r"      input:\n        score_threshold: 0.4\n        entities: (.*)\n      output:\n        entities: .*\n",
                r"      entities: \1\n",
            ),
        ),
        _KEY,
    ),
    Guise(
        "two rails sections",
        "second file",
        "C",
        only(_CHECKED, add("rails/dialog.yml", _SECOND)),
        _REPLACED,
        at=(("config.y*ml", "rails:"),),
    ),
    Guise(
        "two rails sections",
        "sub folder",
        "C",
        only(_CHECKED, add("teams/<<slug>>/dialog.yaml", _SECOND)),
        _REPLACED,
        at=(("config.y*ml", "rails:"),),
    ),
    Guise(
        "two rails sections",
        "input and output apart",
        "C",
        only(
            "one-file",
            both(
                swap(r"^  output:\n    flows:\n      - self check output\n", ""),
                add("output/rails.yml", "rails:\n  output:\n    flows: [self check output]\n"),
            ),
        ),
        _REPLACED,
        at=(("config.yml", "rails:"),),
    ),
    Guise(
        "two rails sections",
        "empty mapping",
        "C",
        only(_CLASSIC_CHECKED, add("env/prod.yml", "colang_version: '1.0'\nrails: {}\n")),
        _REPLACED,
        at=(("config.y*ml", "rails:"),),
    ),
    Guise(
        "old configuration below",
        "archive",
        "C",
        only(
            _CLASSIC_CHECKED, add("archive/config-2024.yml", "models: []\nrails:\n  input:\n    flows: []\n")
        ),
        _REPLACED,
        at=(("config.y*ml", "rails:"),),
    ),
    Guise(
        "old configuration below",
        "hidden folder",
        "C",
        only(_CLASSIC_CHECKED, add(".backup/config.yml", "rails:\n  output: {flows: []}\n")),
        _REPLACED,
        at=(("config.y*ml", "rails:"),),
    ),
    Guise(
        "old configuration below",
        "test fixture",
        "C",
        only(_CLASSIC_CHECKED, add("tests/fixtures/open.yml", "rails: {input: {flows: []}}\n")),
        _REPLACED,
        at=(("config.y*ml", "rails:"),),
    ),
    Guise(
        "duplicate key",
        "input twice",
        "C",
        only(
            "one-file|prompts-apart|own-actions",
            swap(r"^  output:\n", "  input:\n    flows: []\n  output:\n", "*.yml"),
        ),
        ("duplicate-key",),
        at=(("config.yml", "input:"),),
    ),
    Guise(
        "duplicate key",
        "rails twice",
        "C",
        only(
            "one-file|own-actions|patterns",
            add("config.yml", "rails:\n  dialog:\n    single_call: {enabled: true}\n", end=True),
        ),
        ("duplicate-key",),
        at=(("config.yml", "rails:"),),
    ),
    Guise(
        "duplicate key",
        "flows twice",
        "C",
        only(
            "one-file|prompts-apart|streaming|own-actions",
            swap(r"^(  output:\n    flows:\n      - .*\n)", r"\1    flows: []\n"),
        ),
        ("duplicate-key",),
        at=(("config.yml", "flows"),),
    ),
    Guise(
        "look-alike",
        "entities twice and the last complete",
        "clean",
        only(
            "personal-data|detection", swap(r"^(      output:\n)", r"\1        entities: [EMAIL_ADDRESS]\n")
        ),
    ),
    Guise(
        "duplicate key",
        "in flow style",
        "C",
        swap(
            '"output": \\{"flows": \\["self check output"\\]\\}',
            '"output": {"flows": ["self check output"]}, "input": {}',
        ),
        ("duplicate-key",),
    ),
    Guise(
        "kb prefix",
        "Colang",
        "C",
        only("own-actions|own-and-library", rename("*rails.co", "kb_topics/rails.co")),
        ("taken-for-document",),
        level="any",
    ),
    Guise(
        "kb prefix",
        "prompts",
        "C",
        only("prompts-apart|safety-models", rename("prompts.yml", "kb-prompts.yml")),
        ("taken-for-document",),
        level="any",
    ),
    Guise(
        "kb prefix",
        "refusals",
        "D",
        only("prompts-apart", rename("rails/dialog.co", "kb.dialog.co")),
        ("taken-for-document",),
        level="any",
        judged=False,
    ),
    Guise(
        "unread file",
        "upper case",
        "C",
        only("prompts-apart", rename("prompts.yml", "prompts.YML")),
        ("unread-file",),
        level="any",
    ),
    Guise(
        "unread file",
        "colang ending",
        "A",
        only("own-actions|modern-own", rename("rails.co", "rails.colang")),
        ("unread-file", "does-not-load", "unknown-flow", "undefined-flow"),
        level="any",
        at=(("*.yml", "check <<slug>>"),),
    ),
    Guise(
        "railsignore",
        "hides prompts",
        "C",
        only("prompts-apart|safety-models|modern-mixed", add(".railsignore", "# drafts\np*.yml\n")),
        ("ignored-file",),
        level="any",
    ),
    Guise(
        "railsignore",
        "hides rails",
        "C",
        only("modern-mixed|modern-own", add(".railsignore", "r*.co\n")),
        ("ignored-file", "missing-main"),
        level="any",
    ),
    Guise(
        "skipped file",
        "define in 2.x",
        "C",
        only("modern-own|modern-mixed", swap(r"\Z", '\ndefine bot say hello\n  "Hello"\n', "*rails.co")),
        ("skipped-file",),
    ),
    Guise(
        "skipped file",
        "version missing",
        "C",
        only("modern-*", swap(r'^colang_version: "2.x"\n', "", "config.yml")),
        ("skipped-file",),
        at=(("*.co", ""), ("config.yml", "models")),
    ),
    Guise(
        "skipped file",
        "version 1.0 said",
        "C",
        only("modern-*", swap('"2.x"', '"1.0"', "config.yml")),
        ("skipped-file",),
        at=(("*.co", ""),),
    ),
    Guise(
        "skipped file",
        "2.x said of 1.0",
        "C",
        only("own-and-library", swap(r"^models:", 'colang_version: "2.x"\nmodels:', "config.y*ml")),
        ("skipped-file",),
        at=(("*.co", ""), ("config.y*ml", "flows")),
        level="any",
    ),
    # What only looks like a fault.
    Guise(
        "look-alike",
        "custom data",
        "clean",
        without(
            "output-only|modern-*",
            swap(
                r"^rails:", "custom_data:\n  rail: {input: {flow: [none]}}\n  entity: [SSN]\nrails:", "*.y*ml"
            ),
        ),
    ),
    Guise(
        "look-alike",
        "compose file",
        "clean",
        only(
            _CHECKED,
            add(
                "docker-compose.yml",
                "services:\n  <<slug>>:\n    image: example/<<slug>>\n    ports: ['8000:8000']\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "ci file",
        "clean",
        only(
            "one-file|own-actions|facts",
            add(
                ".github/workflows/ci.yml",
                "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "chart values",
        "clean",
        only(
            "prompts-apart|patterns",
            add("deploy/values.yaml", "replicas: 2\nimage: {tag: '1.4'}\nresources: {}\n"),
        ),
    ),
    Guise(
        "look-alike",
        "anchors",
        "clean",
        only(
            "one-file|prompts-apart",
            swap(
                r"^models:\n",
                "x-defaults: &defaults\n  parameters: {temperature: 0}\nmodels:\n",
                "config.yml",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "kb",
        "clean",
        only("facts|one-file", add("kb/<<slug>>.md", "# <<topic>>\n\n<<answer>>\n")),
        judged=False,
    ),
    Guise(
        "look-alike",
        "archive ignored",
        "clean",
        only(
            _CLASSIC_CHECKED,
            both(
                add("old-config-2024.yml", "models: []\nrails:\n  input:\n    flows: []\n"),
                add(".railsignore", "# kept for the auditors\nold-*.yml\n"),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "several files",
        "clean",
        only(
            "one-file|patterns|own-actions",
            add("samples/talk.yml", 'sample_conversation: |\n  user "Hi"\n    express greeting\n'),
        ),
        judged=True,
    ),
    Guise(
        "look-alike",
        "docs in yaml",
        "clean",
        only(
            "one-file|anchors",
            add(
                "settings/search.yml",
                "core:\n  embedding_search_provider:\n    name: default\nknowledge_base: {}\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "define in a comment",
        "clean",
        only(
            "modern-own|modern-mixed", swap(r"\Z", "\n# define bot greeting was the old way\n", "*rails.co")
        ),
    ),
    Guise(
        "look-alike",
        "comments name old keys",
        "clean",
        only(_CHECKED, swap(r"^rails:|^models:", "# rail: {inputs: {flow: []}}\n\\g<0>", "config.y*ml")),
    ),
    Guise(
        "look-alike",
        "document start",
        "clean",
        only("one-file|patterns|detection", swap(r"\A", "---\n# <<company>>\n", "config.yml")),
    ),
    Guise(
        "look-alike",
        "byte order mark",
        "clean",
        only("one-file|own-actions", swap(r"\A", "\ufeff", "config.yml")),
    ),
    Guise(
        "look-alike",
        "quoted keys",
        "clean",
        only(
            "one-file|patterns|streaming|personal-data",
            every(r"^  (input|output|config):", r'  "\1":', "config.yml"),
        ),
    ),
    Guise(
        "look-alike",
        "merge key",
        "clean",
        only(
            "one-file|prompts-apart",
            swap(
                r"^  output:\n    flows:\n      - self check output\n",
                "  output:\n    &out\n    flows: ['self check output']\n",
                "config.yml",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "readme and notebooks",
        "clean",
        only(_CHECKED, add("docs/README.md", "Old configs used `rail:` and `flow:`.\n")),
    ),
)
"""The guises of this family."""
