"""The files that a company's own central repository begins with."""

from __future__ import annotations

from collections.abc import Sequence

from guardlint.cli._init_ci import GITHUB_FILE, GITLAB_INCLUDE, github_central, gitlab_central
from guardlint.errors import UsageError
from guardlint.policy.central import Central

__all__ = ["central_files"]

RAIL = "no-internal-names"


def central_files(company: str, extends: Sequence[str], ci: Sequence[str]) -> dict[str, str]:
    """Path (with ``/``) and text of every file.

    Raises ConfigError for a policy that the reference repository has not, and UsageError for a company that
    has the name of one.
    """
    reference = Central.open(None)
    parents = []
    for name in extends:
        policy = reference.policy(name)
        parents.append(f"{policy.id}@{policy.version.partition('.')[0]}")
    if company in reference.policies():
        raise UsageError(f"`{company}` is a reference policy", help="name the company: --company NAME")
    words = {"company": company, "extends": ", ".join(parents), "rail": RAIL}
    files = {name.format(**words): text.replace("COMPANY", company) for name, text in _TEXTS.items()}
    policy_file = f"policies/{company}/policy.yml"
    files[policy_file] = files[policy_file].replace("EXTENDS", ", ".join(parents))
    if "github" in ci:
        files[GITHUB_FILE.replace("guardlint.yml", "standard.yml")] = github_central()
    if "gitlab" in ci:
        files[".gitlab/standard.yml"] = gitlab_central()
        files[".gitlab-ci.yml"] = GITLAB_INCLUDE.replace("guardlint.yml", "standard.yml")
    return files


_README = """\
# The standard of COMPANY for NeMo Guardrails

| folder | what is in it |
| --- | --- |
| `policies/COMPANY/` | the policy: it extends reference policies of guardlint, and can only tighten |
| `policies/tiers.yml` | which team and configuration has which tier, and which policy a tier means |
| `policies/waivers/` | dated exceptions |
| `rails/` | approved rails that policies put into every bundle |

What is not here (the reference policies, the other rails) comes with guardlint.

## A change

1. Write it, and raise the `version` of the policy or rail.
2. `guardlint test` tries every policy and rail on the cases beside it, and `guardlint waivers --check`
   says which exceptions have ended.
3. Publish: tag the commit (`git tag v1.1.0`), or `guardlint publish --key release.key -o standard-1.1.0.tar`.
4. Teams take it with `guardlint update`, which shows what changes.

A team's `guardlint.yml` names one of

```yaml
central: {git: "https://git.example.com/COMPANY/standard.git", tag: v1.0.0}
```

```yaml
central: {archive: "https://example.com/standard-1.0.0.tar", key: standard.pub}
```
"""
_POLICY = """\
schema: guardlint/policy/v1
id: COMPANY
version: 1.0.0
title: Every application of COMPANY
owner: ai-governance@example.com
description: >-
  What the reference policies ask, and what is the company's own: no internal name leaves the house.
extends: [EXTENDS]

rails:
  output:
    - rail: no-internal-names@1
      reason: names of internal projects and hosts tell a stranger how the company works
      controls: ["LLM02:2025"]

not_waivable: [no-content-in-telemetry]

waivers:
  longest_days: 180
"""
_CASES = """\
schema: guardlint/policy-tests/v1
cases:
  - id: small-and-clean
    configuration:
      config.yml: |
        models:
          - {type: main, engine: openai, model: gpt-4o-mini}
    violates: []
  - id: content-in-telemetry
    configuration:
      config.yml: |
        models:
          - {type: main, engine: openai, model: gpt-4o-mini}
        tracing: {enabled: true, enable_content_capture: true}
    violates: [no-content-in-telemetry]
"""
_TIERS = """\
schema: guardlint/tiers/v1
tiers:
  internal-assistant:
    policy: COMPANY@1
    description: used by employees only, who know what it is
# Which team has which tier: the first that matches counts, * matches any characters.
# assignments:
#   - {team: payments, configuration: "public/*", tier: customer-facing}
default: internal-assistant
"""
_WAIVERS = """\
# Waivers

A waiver is a dated exception from one rule, or one requirement of a policy, for one configuration.
Each `.yml` file here holds some:

```yaml
schema: guardlint/waiver/v1
waivers:
  - id: payments-streaming
    rule: stream-before-check
    team: payments
    configuration: guardrails
    reason: the gateway checks each chunk until the new client is there
    owner: payments-lead@example.com
    approver: ai-governance@example.com
    ticket: PAY-123
    approved: 2026-10-01
    expires: 2027-01-31
```

`guardlint waivers` lists them by owner and last day; `guardlint waivers --check` fails where one has ended.
"""
_RAIL = """\
schema: guardlint/rail/v1
id: no-internal-names
version: 1.0.0
title: No internal names
owner: ai-governance@example.com
description: Blocks a reply that holds a name which only the company's own people know.
when: In every application that strangers read.
when_not: Where the readers are the people who work on these projects.
controls: ["LLM02:2025"]
runs: nemo
directions:
  output:
    flows: [regex check output]
    sends: []
    llm_calls: 0
    config:
      regex_detection:
        output:
          case_insensitive: true
          # Replace them by the company's own; count every gap ({0,n}), so that no pattern runs for long.
          patterns:
            - '\\bproject[ -]{1,3}example-heron\\b'
            - '\\b[a-z0-9-]{1,40}\\.corp\\.example\\b'
"""
_RAIL_TESTS = """\
schema: guardlint/rail-tests/v1
cases:
  - id: project
    about: harm
    direction: output
    user: "What are you working on?"
    reply: "Mostly on Project Example-Heron, which starts in May."
    expect: blocked
  - id: host
    about: harm
    direction: output
    user: "Where does it run?"
    reply: "On build-7.corp.example, like everything else."
    expect: blocked
  - id: herons-are-birds
    about: benign
    direction: output
    user: "What stands in our pond?"
    reply: "It may be a heron. Projects to keep them away are listed at https://pond.example."
    expect: passed
"""
_RAIL_README = """\
# No internal names

**What it does.** Blocks a reply that holds one of a few names. The patterns in `rail.yml` are examples.

**Runs** in NeMo, as `regex check output`; no model is asked, and nothing leaves the process.
"""
_TEXTS = {
    "README.md": _README,
    "policies/{company}/policy.yml": _POLICY,
    "policies/{company}/README.md": "# COMPANY\n\nWhat every application of the company meets, and why.\n",
    "policies/{company}/tests/cases.yml": _CASES,
    "policies/tiers.yml": _TIERS,
    "policies/waivers/README.md": _WAIVERS,
    "rails/{rail}/rail.yml": _RAIL,
    "rails/{rail}/tests.yml": _RAIL_TESTS,
    "rails/{rail}/README.md": _RAIL_README,
}
