"""Sound configurations of Colang 1.0, as texts with the domain's words left open."""

from __future__ import annotations

from typing import Final

__all__ = ["CLASSIC"]

_MODELS: Final = """\
models:
  - type: main
    engine: openai
    model: gpt-4o-mini
"""
_INSTRUCTIONS: Final = """\
instructions:
  - type: general
    content: |
      You are <<assistant>>, the assistant of <<company>>.
      You help with <<topic>> and with nothing else.
"""
_INPUT_PROMPT: Final = """\
  - task: self_check_input
    content: |
      Your task is to check whether the user message below complies with the policy of <<company>>.
      It must not ask for anything outside <<topic>> that could harm somebody.

      User message: "{{ user_input }}"

      Question: Should the user message be blocked (Yes or No)?
      Answer:
"""
_OUTPUT_PROMPT: Final = """\
  - task: self_check_output
    content: |
      Your task is to check the answer of the assistant of <<company>>.
      It must hold nothing that is meant for staff only.

      Bot message: "{{ bot_response }}"

      Question: Should the message be blocked (Yes or No)?
      Answer:
"""
_REFUSE: Final = """\
define bot refuse to respond
  "<<assistant>> cannot help with that. Please call <<company>>."
"""
_DIALOG: Final = """\
define user express greeting
  "hello"
  "good morning"

define user ask opening hours
  "when are you open"
  "what are your hours"

define bot express greeting
  "Hello, this is <<assistant>> of <<company>>."

define bot inform opening hours
  "We are here from nine to five."

define flow greeting
  user express greeting
  bot express greeting

define flow hours
  user ask opening hours
  bot inform opening hours
"""
_ACTIONS: Final = '''\
"""Checks of <<company>>."""

from typing import Optional

from nemoguardrails.actions import action

STAFF_ONLY = ("<<leak>>",)
UNWANTED = ("<<phrase>>",)


@action(name="check_<<slug>>_question")
async def check_question(context: Optional[dict] = None) -> bool:
    """True where the customer asks for something that we must not do."""
    text = (context or {}).get("user_message") or ""
    return any(words.lower() in text.lower() for words in UNWANTED)


@action(name="check_<<slug>>_answer")
async def check_answer(context: Optional[dict] = None) -> bool:
    """True where the answer may be sent."""
    text = (context or {}).get("bot_message") or ""
    return not any(words.lower() in text.lower() for words in STAFF_ONLY)
'''
_OWN_RAILS: Final = """\
define flow check <<slug>> question
  $unwanted = execute check_<<slug>>_question
  if $unwanted
    bot refuse <<thing>> request
    stop

define flow check <<slug>> answer
  $fine = execute check_<<slug>>_answer
  if not $fine
    bot refuse <<thing>> request
    stop

define bot refuse <<thing>> request
  "That is nothing <<assistant>> may talk about."
"""
_SAFETY: Final = """\
  - task: content_safety_check_input $model=content_safety
    output_parser: nemoguard_parse_prompt_safety
    max_tokens: 50
    content: |
      Task: say whether the user message of <<company>> is safe.
      <BEGIN CONVERSATION>
      user: {{ user_input }}
      <END CONVERSATION>
      Give JSON with "User Safety": "safe" or "unsafe".
  - task: content_safety_check_output $model=content_safety
    output_parser: nemoguard_parse_response_safety
    max_tokens: 50
    content: |
      Task: say whether the conversation is safe.
      user: {{ user_input }}
      response: {{ bot_response }}
      Give JSON with "User Safety" and "Response Safety": "safe" or "unsafe".
  - task: topic_safety_check_input $model=topic_control
    content: |
      You keep the assistant of <<company>> to <<topic>>.
      Small talk about the weather is off topic.
"""

CLASSIC: Final[dict[str, dict[str, str]]] = {
    "one-file": {
        "config.yml": _MODELS
        + _INSTRUCTIONS
        + """\
rails:
  input:
    flows:
      - self check input
  output:
    flows:
      - self check output
prompts:
"""
        + _INPUT_PROMPT
        + _OUTPUT_PROMPT,
    },
    "prompts-apart": {
        "config.yml": "colang_version: '1.0'\n"
        + _MODELS
        + _INSTRUCTIONS
        + """\
sample_conversation: |
  user "Hi there."
    express greeting
  bot express greeting
    "Hello, this is <<assistant>>."
rails:
  input:
    flows:
      - self check input
  output:
    flows:
      - self check output
""",
        "prompts.yml": "prompts:\n" + _INPUT_PROMPT + _OUTPUT_PROMPT,
        "rails/refusals.co": _REFUSE,
        "rails/dialog.co": _DIALOG,
    },
    "own-actions": {
        "config.yml": _MODELS
        + _INSTRUCTIONS
        + """\
rails:
  input:
    flows:
      - check <<slug>> question
  output:
    flows:
      - check <<slug>> answer
""",
        "rails.co": _OWN_RAILS,
        "actions.py": _ACTIONS,
    },
    "own-and-library": {
        "config.yaml": _MODELS
        + """\
rails:
  input:
    flows:
      - self check input
      - check <<slug>> question
  output:
    flows:
      - check <<slug>> answer
  dialog:
    single_call:
      enabled: false
prompts:
"""
        + _INPUT_PROMPT,
        "flows/rails.co": _OWN_RAILS,
        "flows/dialog.co": _DIALOG,
        "actions.py": _ACTIONS,
    },
    "personal-data": {
        "config.yml": _MODELS
        + _INSTRUCTIONS
        + """\
rails:
  config:
    sensitive_data_detection:
      recognizers:
        - name: <<thing>> number
          supported_entity: <<THING>>_NUMBER
          supported_language: en
          patterns:
            - name: <<thing>>
              regex: '<<number>>'
              score: 0.9
      input:
        entities:
          - EMAIL_ADDRESS
          - CREDIT_CARD
          - <<THING>>_NUMBER
      output:
        entities:
          - EMAIL_ADDRESS
          - <<THING>>_NUMBER
  input:
    flows:
      - mask sensitive data on input
      - self check input
  output:
    flows:
      - mask sensitive data on output
      - self check output
prompts:
"""
        + _INPUT_PROMPT
        + _OUTPUT_PROMPT,
    },
    "detection": {
        "config.yml": _MODELS
        + """\
rails:
  config:
    sensitive_data_detection:
      input:
        score_threshold: 0.4
        entities: [EMAIL_ADDRESS, IBAN_CODE, CREDIT_CARD]
      output:
        entities: [EMAIL_ADDRESS]
  input:
    flows: [detect sensitive data on input]
  output:
    flows: [detect sensitive data on output]
""",
    },
    "patterns": {
        "config.yml": _MODELS
        + """\
rails:
  config:
    regex_detection:
      input:
        case_insensitive: true
        patterns:
          - '\\b<<phrase>>\\b'
          - 'ignore (all|your) instructions'
      output:
        patterns:
          - "<<leak>>"
  input:
    flows:
      - regex check input
  output:
    flows:
      - regex check output
""",
    },
    "flow-style": {
        "config.yml": """\
{
  "models": [{"type": "main", "engine": "openai", "model": "gpt-4o"}],
  "rails": {
    "input": {"flows": ["self check input"]},
    "output": {"flows": ["self check output"]}
  },
  "prompts": [
    {"task": "self_check_input", "max_tokens": 5,
     "content": "User message of <<company>>: {{ user_input }}\\nShould it be blocked (Yes or No)? Answer:"},
    {"task": "self_check_output", "max_tokens": 5,
     "content": "Bot message of <<company>>: {{ bot_response }}\\nShould it be blocked (Yes or No)? Answer:"}
  ]
}
""",
    },
    "anchors": {
        "config.yml": """\
x-model: &openai
  engine: openai
  model: gpt-4o-mini
  parameters: &cool {temperature: 0.1}
models:
  - <<: *openai
    type: main
  - <<: *openai
    type: self_check_input
    parameters:
      <<: *cool
      max_tokens: 3
rails:
  input: &checks
    parallel: false
    flows: [self check input]
  output:
    <<: *checks
    flows: [self check output]
prompts:
"""
        + _INPUT_PROMPT
        + _OUTPUT_PROMPT,
        "refusals.co": _REFUSE,
    },
    "safety-models": {
        "config.yml": _MODELS
        + """\
  - type: content_safety
    engine: nim
    model: nvidia/llama-3.1-nemoguard-8b-content-safety
  - type: topic_control
    engine: nim
    model: nvidia/llama-3.1-nemoguard-8b-topic-control
rails:
  input:
    flows:
      - content safety check input $model=content_safety
      - topic safety check input $model=topic_control
  output:
    flows:
      - content safety check output $model=content_safety
""",
        "prompts.yml": "prompts:\n" + _SAFETY,
    },
    "streaming": {
        "config.yml": _MODELS
        + """\
rails:
  output:
    flows:
      - self check output
    streaming:
      enabled: true
      stream_first: false
      chunk_size: 200
      context_size: 50
prompts:
"""
        + _OUTPUT_PROMPT,
    },
    "parallel": {
        "config.yml": _MODELS
        + """\
rails:
  input:
    parallel: true
    flows:
      - self check input
      - check <<slug>> question
  output:
    flows:
      - check <<slug>> answer
prompts:
"""
        + _INPUT_PROMPT,
        "rails.co": _OWN_RAILS,
        "actions.py": _ACTIONS,
    },
    "facts": {
        "config.yml": _MODELS
        + """\
rails:
  output:
    flows:
      - self check facts
  retrieval:
    flows:
      - mask sensitive data on retrieval
  config:
    sensitive_data_detection:
      retrieval:
        entities:
          - EMAIL_ADDRESS
prompts:
  - task: self_check_facts
    content: |
      Evidence: {{ evidence }}
      Answer: {{ response }}
      Is the answer supported by the evidence (Yes or No)?
""",
        "rails/arm.co": """\
define user ask about <<thing>>
  "question about my <<thing>>"
  "how does the <<thing>> work"

define flow answer about <<thing>>
  user ask about <<thing>>
  $check_facts = True
  bot provide answer
""",
        "actions.py": '''\
"""Where <<company>> keeps its pages."""

from nemoguardrails.actions import action
from nemoguardrails.actions.actions import ActionResult


@action(name="retrieve_relevant_chunks", is_system_action=True)
async def retrieve_relevant_chunks() -> ActionResult:
    """What the pages say about <<topic>>."""
    text = "<<answer>> Ask desk@<<slug>>.example.com."
    return ActionResult(return_value=text, context_updates={"relevant_chunks": text})
''',
    },
    "output-only": {
        "configs/readme.md": "What <<assistant>> may say.\n",
        "config.yml": _MODELS
        + _INSTRUCTIONS
        + """\
rails:
  output:
    flows:
      - check <<slug>> answer
custom_data:
  owner: <<slug>>-team
  limits: {turns: 20}
""",
        "co/rails.co": _OWN_RAILS,
        "actions.py": _ACTIONS,
    },
}
"""Files by shape; ``<<name>>`` stands for the domain's word."""
