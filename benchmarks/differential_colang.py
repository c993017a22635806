"""Random Colang files of both languages; every body holds a word of its own, ``mark_…``."""

from __future__ import annotations

import random

__all__ = ["colang_1", "colang_2"]


def colang_1(rng: random.Random, label: str) -> str:
    blocks = []
    for index in range(rng.randint(1, 4)):
        mark = f"mark_{label}_{index}"
        bot = rng.choice(["hello", "bye", "refuse to respond"])
        name = rng.choice(
            ["greet", "check greeting", "check limits", "check relevant facts", "self check input", "other"]
        )
        blocks.append(
            rng.choice(
                [
                    f'define bot {bot}\n  "{mark} one"\n  "two é"\n',
                    f'define bot hello\n  "{mark}"\n\ndefine bot bye\n  "a"\n',
                    f'define user express greeting\n  "{mark}"\n  "hi there"\n',
                    f"define user ask {rng.choice('ab')}\n  \"{mark} # no comment\"\n  'single'\n",
                    f"define flow {name}\n  user express greeting\n  bot {mark}\n",
                    f"define subflow {name}\n  $x = True\n  if $x\n    bot {mark}\n    stop\n  bot bye\n",
                    f"define flow\n  user ask a\n  bot {mark}\n",
                    f'define flow {name}\n  """define what it does"""\n  user ask b\n  bot {mark}\n',
                    (
                        f"# define flow {name}\ndefine flow {name}\n  # define bot x\n"
                        f"  $y = execute own(a=1)\n  bot {mark}\n"
                    ),
                    (
                        f"define flow {name}\n  user express greeting\n"
                        f"  if $a == 1\n    bot {mark}\n  else\n    bot bye\n"
                    ),
                    f'define flow {name}\n  user express greeting\n  bot say "{mark} é"\n  bot hello\n',
                    f'define flow {name}\n  user ask a\n  bot bye\n    "{mark}"\n    "two "\n  bot hello\n',
                    f'define bot {bot}\n  "{mark}"\n  hello there\n  "a" and "b $x"\n',
                    f'define user ask a\n  "{mark}" # why\n  "my $name is"\n  ...\n',
                    f'define user ask b\n  "{mark}"\n  bot say `{mark}`\n  bot bye\n',
                    f'define bot {bot}\n  if $a\n    "{mark}"\n  else\n    "other"\n',
                    f'define bot bye\n  "{mark} and\n  a second `line`"\n',
                    f"define action own\n  {mark}\n    deeper\n",
                    f'import "shared"\n\ndefine bot {bot}\n  "{mark}"\n',
                    f"define parallel flow {name}\n  user express greeting\n  bot {mark}\n",
                    f'define subflow {name}\n    do other\n    $z = "{mark}"\n',
                ]
            )
        )
    return rng.choice(["\n", "\n\n"]).join(blocks)


def colang_2(rng: random.Random, label: str) -> str:
    parts = ["import core\n"] if rng.random() < 0.3 else []
    if rng.random() < 0.1:
        parts.append("import guardrails\nimport nemoguardrails.library.self_check.input_check\n")
    if rng.random() < 0.1:
        parts.append(rng.choice(["import shared\n", "import shared.more\n", 'import "shared/a.co"\n']))
    for index in range(rng.randint(1, 3)):
        mark = f"mark_{label}_{index}"
        name = rng.choice(
            [
                "greet",
                f"check {label}",
                f"own {label} {'abc'[index]}",
                f"own {label} {'abc'[index]}",
                "main",
                "check greeting",
            ]
        )
        over = (
            "@override\n"
            if rng.random() < 0.05
            else "@meta(exclude_from_llm=True)\n"
            if rng.random() < 0.1
            else ""
        )
        parts.append(
            rng.choice(
                [
                    f'{over}flow {name}\n  $x = "{mark}"\n  send Done(x=$x)\n',
                    (
                        f'{over}flow {name} $text $n=1\n  """define: {name}"""\n'
                        f'  log "{mark}"\n  match UtteranceUserActionFinished()\n'
                    ),
                    f'# define flow {name}\n{over}flow {name}\n  while True\n    $x = "{mark}"\n    break\n',
                    f'{over}flow {name} -> $out\n  $out = "{mark}"\n  return $out\n',
                    f'{over}flow {name}\n  if 1 == 1\n    $a = "{mark}"\n  else\n    pass\n',
                ]
            )
        )
    return "\n".join(parts)
