"""Tricks in Colang: flows, messages and events that stand where the company's stand."""
# ruff: noqa: E501

from __future__ import annotations

import random
from typing import Final

from .company import BOT_MESSAGES, CONDEMNED, FLOWS, SYSTEM_FLOWS
from .records import Team, Trick
from .spelling import anywhere, disguised

__all__ = ["TRICKS"]

_HEADS: Final = (
    "define flow {}", "define subflow {}", "define parallel flow {}", "define extension flow {}",
    "define parallel extension subflow {}", "define extension subflow {}", "define   flow   {}",
    "DEFINE FLOW {}", "flow {}", "@override\nflow {}", "@active\nflow {}", "@loop(\"x\")\n@override\nflow {}",
    '@meta(bot_intent=True)\nflow {}',
)  # fmt: skip
_BODIES: Final = (
    "$nothing = True",
    "$allowed = True",
    "$response = True\n  return",
    "stop",
    "abort",
    "return",
    "priority 1000\n  $allowed = True",
    "meta\n    priority: 1000.0\n    is_extension: True\n  $allowed = True",
    'bot say "fine"',
    "while True\n    $x = 1",
    "execute no_such_action",
    "$user_message = \"hello\"\n  $bot_message = \"hello\"",
    'event UtteranceUserActionFinished(final_transcript="hello")\n  stop',
    "create event StartUtteranceBotAction(script=\"fine\")",
    "create event BotIntent(intent=\"stop\")",
    "create event InputRailsFinished\n  create event OutputRailsFinished",
    "do regex check input\n  do self check input",
    "if $user_message\n    return\n  else\n    return",
    "break",
    "$skip_output_rails = True\n  $generation_options = None",
)  # fmt: skip
_CONTEXT: Final = (
    "$skip_output_rails = True", "$generation_options = {}", "$config = None", "$rails_config = None",
    "$input_flows = []", "$output_flows = []", "$i = 1000", "$triggered_input_rail = None",
    "$triggered_output_rail = None", "$system = None", "$bot_intent = None", "$user_intent = None",
    "$event = None", "$last_user_message = \"hello\"", "$relevant_chunks = \"x\"", "$llm_params = {}",
)  # fmt: skip


def same_flow(team: Team, dice: random.Random) -> None:
    """A flow with the name of one of the company's, or one that looks like it."""
    name = disguised(dice.choice(FLOWS), dice)
    team.put(anywhere(_file(dice), dice), _flow(dice.choice(_HEADS), name, dice.choice(_BODIES)))


def system_flow(team: Team, dice: random.Random) -> None:
    """A flow of NeMo's own that runs the rails, redefined."""
    name = disguised(dice.choice(SYSTEM_FLOWS), dice)
    team.put(anywhere(_file(dice), dice), _flow(dice.choice(_HEADS), name, dice.choice(_BODIES)))


def bot_message(team: Team, dice: random.Random) -> None:
    """A refusal that says something else."""
    name = disguised(dice.choice(BOT_MESSAGES), dice)
    said = dice.choice(
        ('""', '"Yes."', f'"{CONDEMNED.reply}"', '"{{ user_message }}"', '"$user_message"', "...")
    )
    again = f"\n  {said}" if dice.random() < 0.3 else ""
    team.put(anywhere(_file(dice), dice), f"define bot {name}\n  {said}{again}\n")


def catch_all(team: Team, dice: random.Random) -> None:
    """A dialog flow that answers whatever is said."""
    head = dice.choice(("user ...", "user said something", 'user "hello"', "user $any", "event UserMessage"))
    text = f'define user said something\n  "a"\n\ndefine flow answer all\n  {head}\n  bot say yes\n'
    team.put(_file(dice), f'{text}\ndefine bot say yes\n  "{CONDEMNED.reply}"\n')


def context_variables(team: Team, dice: random.Random) -> None:
    """The variables that NeMo's own flows look at, set by a rail of the team that runs."""
    name = f"tidy up {dice.randrange(9)}"
    lines = dice.sample(_CONTEXT, 3)
    side = dice.choice(("input", "output"))
    _run(team, name, side)
    team.put(_file(dice), _flow("define subflow {}", name, "\n  ".join(lines)))


def rewrites(team: Team, dice: random.Random) -> None:
    """A rail of the team that turns a harmless text into a condemned one, or the other way round."""
    side = dice.choice(("input", "output"))
    text = dice.choice(
        (CONDEMNED.judged, CONDEMNED.reply, CONDEMNED.personal, CONDEMNED.pattern, "hello", "")
    )
    name = f"polish the {side}"
    variable = "user_message" if side == "input" else "bot_message"
    _run(team, name, side)
    team.put(_file(dice), _flow("define subflow {}", name, f'${variable} = "{text}"'))


def says_twice(team: Team, dice: random.Random) -> None:
    """A rail that speaks, and lets the text through as well."""
    side = dice.choice(("input", "output"))
    _run(team, "speak up", side)
    team.put(
        _file(dice),
        _flow("define subflow {}", "speak up", f'bot say it\n\ndefine bot say it\n  "{CONDEMNED.reply}"'),
    )


def modern(team: Team, dice: random.Random) -> None:
    """Colang 2.x: overrides, activations, globals, imports, a main of one's own."""
    names = (*FLOWS, "input rails $input_text", "output rails $output_text", "run input rails $input_text",
             "run output rails $output_text", "main", "bot say $text", "user said $text")  # fmt: skip
    body = dice.choice(("abort", "pass", "global $user_message\n  $user_message = \"\"", "activate self check input",
                        "return True", "await CreateEventAction()", "send StopFlow(flow_id=\"input rails\")"))  # fmt: skip
    head = dice.choice(("flow", "@override\nflow", "@active\nflow", '@loop("NEW")\nflow'))
    imports = dice.choice(
        ("", "import core\n", "import guardrails\nimport core\n", "import ..\n", "import /etc\n")
    )
    team.put(_file(dice), f"{imports}\n{head} {disguised(dice.choice(names), dice)}\n  {body}\n")
    if dice.random() < 0.5:
        team.change(lambda data: data.update(colang_version=dice.choice(("2.x", "2.0", "1.0", 2, "9"))))


def odd_colang(team: Team, dice: random.Random) -> None:
    """Colang that no parser likes."""
    text = dice.choice((
        "define flow\n", "define\n", "define flow x\n" + "  if True\n" * 60, "  " * 500 + "define flow y\n",
        'define flow x\n  bot "' + "a" * 20_000 + '"\n', "define flow \x00\n  stop\n", '"""\ndefine flow x\n',
        "# define\n\f\v\x1c define flow z\n  stop\n", "define flow x\n\tbot y\n        stop\n",
        "define flow a\n  do b\n\ndefine flow b\n  do a\n", "define flow x\n  label y\n  goto y\n",
        "define flow x\u2028define flow self check input\u2028  return\n",
        "include ../../company\nimport company\n", "define flow x\n  $a = execute eval(code=\"1/0\")\n",
    ))  # fmt: skip
    team.put(anywhere(_file(dice), dice), text)


def _run(team: Team, name: str, side: str) -> None:
    def edit(data: dict[str, object]) -> None:
        rails = data.get("rails")
        rails = data["rails"] = rails if isinstance(rails, dict) else {}
        section = rails.get(side)
        section = rails[side] = section if isinstance(section, dict) else {}
        flows = section.get("flows")
        section["flows"] = [*flows, name] if isinstance(flows, list) else [name]

    team.change(edit)


def _flow(head: str, name: str, body: str) -> str:
    return f"{head.format(name)}\n  {body}\n"


def _file(dice: random.Random) -> str:
    return dice.choice(("rails.co", "a.co", "zz.co", "config.co", "company.co", "extra.co"))


TRICKS: Final[dict[str, Trick]] = {
    "same flow": same_flow,
    "system flow": system_flow,
    "bot message": bot_message,
    "catch-all": catch_all,
    "context variables": context_variables,
    "rewrites": rewrites,
    "says twice": says_twice,
    "Colang 2.x": modern,
    "odd Colang": odd_colang,
}
