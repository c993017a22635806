"""The variables of a template are those that Jinja finds undeclared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, meta

from guardlint.nemo.templates import variables

NAMES = st.sampled_from(["user_input", "bot_response", "history", "x", "überschrift", "item"])


def jinja(template: str) -> set[str]:
    return set(meta.find_undeclared_variables(Environment().parse(template)))


def ours(template: str) -> set[str]:
    return {variable.name for variable in variables(template)}


TABLE = [
    "no variable at all",
    "{{ user_input }}",
    "{{user_input}}{{-bot_response-}}",
    "{{ user_input | trim | replace('x', y) }}",
    "{{ user_input[:200] }} {{ config.name }} {{ d['user_input'] }}",
    "{{ \"user_input\" }} {{ 'bot_response' }}",
    "{{ f(user_input, limit=3, other=x) }}",
    "{{ a if b else c }}",
    "{{ user_input is defined and x is not none }}",
    "{{ [a, b] + (c, d) }} {{ {'k': v} }}",
    "{{ 1e5 + 2.5 * n ~ 'text' }}",
    "{{ not x or true and none }} {{ True }} {{ None }}",
    "{{ x == y }} {{ x != z }} {{ a<b }}",
    "{{ '}}' }} {{ user_input }}",
    "{# {{ user_input }} #} {{ x }}",
    "{% raw %}{{ user_input }}{% endraw %}{{ x }}",
    "{%- raw -%} {{ a }} {%- endraw -%} {{ b }}",
    "{% if user_input %}yes{% elif x %}no{% else %}{{ y }}{% endif %}",
    "{% for item in history %}{{ item.text }} {{ loop.index }}{% endfor %}{{ item }}",
    "{% for k, v in d.items() if v %}{{ k }}{% else %}{{ empty }}{% endfor %}",
    "{% set text = user_input %}{{ text }}",
    "{% set text %}{{ user_input }}{% endset %}{{ text }}",
    "{% if a %}{% set t = 1 %}{% endif %}{{ t }}",
    "{% set a, b = pair %}{{ a }}{{ b }}",
    "{% with a = b %}{{ a }}{% endwith %}{{ a }}",
    "{% macro m(a, b=c) %}{{ a }}{{ d }}{% endmacro %}{{ m(x) }}",
    "{% filter upper %}{{ user_input }}{% endfilter %}",
    "{% set user_input = '' %}{{ user_input }}",
    "{{ user_input }}{% set user_input = '' %}",
    "{{ überschrift }} {{ _x }} {{ x1 }}",
    "{% for line in user_input.split('\\n') %}{{ line }}{% endfor %}",
    "{{ history | user_assistant_sequence }}".replace("user_assistant_sequence", "length"),
    "{ user_input } {{ '{{' }} }}",
    "{{ user_input\n   | trim\n}}",
    "{%+ if x +%}{{ y }}{% endif %}",
    "{{ loop }}",
    "{{ if_ }} {{ in_put }} {{ inside }} {{ notes }} {{ oracle }}",
]


@pytest.mark.parametrize("template", TABLE)
def test_variables_are_jinjas(template: str) -> None:
    """Filters, tests, attributes, keyword arguments, texts and the template's own names are none."""
    assert jinja(template) == ours(template)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> str:
    name = draw(NAMES)
    if depth == 0:
        return draw(
            st.sampled_from([name, "'a}}b'", "3", '"user_input"', "none", "1.5", f"{name}.x", f"{name}['x']"])
        )
    inner = f"({draw(expressions(depth - 1))})"
    other = f"({draw(expressions(depth - 1))})"
    return draw(
        st.sampled_from(
            [
                inner,
                f"{inner} | trim",
                f"{inner} | default({other}, true)",
                f"{inner} if {other} else {name}",
                f"{inner} ~ {other}",
                f"not ({inner})",
                f"{inner} is defined",
                f"{inner} is not none",
                f"{name}({inner}, sep={other})",
                f"[{inner}, {other}]",
                f"{{'k': {inner}}}",
                f"{inner} == {other}",
                f"{inner} in [{other}]",
            ]
        )
    )


@st.composite
def templates(draw: st.DrawFn, depth: int = 1) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        value, name = f"({draw(expressions())})", draw(NAMES)
        body = draw(templates(depth - 1)) if depth else "text { x }"
        dash, end = draw(st.sampled_from(["", "-"])), draw(st.sampled_from(["", "-"]))
        parts.append(
            draw(
                st.sampled_from(
                    [
                        f"{{{{{dash} {value} {end}}}}}",
                        f"{{# {{{{ {value} }}}} #}}",
                        f"{{% raw %}}{{{{ {name} }}}}{{% endraw %}}",
                        f"{{%{dash} set own = {value} {end}%}}{{{{ own }}}}",
                        f"{{% if {value} %}}{body}{{% endif %}}",
                        f"{{% if {value} %}}{body}{{% else %}}{body}{{% endif %}}",
                        f"{{%{dash} for item in {value} {end}%}}{body}{{% endfor %}}",
                        f"{{% for a, b in {value} %}}{{{{ a }}}}{body}{{% endfor %}}",
                        f"{{% with item = {value} %}}{body}{{% endwith %}}",
                        f"{{% filter upper %}}{body}{{% endfilter %}}",
                        "text with { braces } and % signs\n",
                    ]
                )
            )
        )
    return "".join(parts)


@settings(max_examples=150, deadline=None)
@given(templates())
def test_variables_are_jinjas_in_any_template(template: str) -> None:
    """Nested blocks, loops and branches; a name that every branch sets may be taken for one from outside."""
    assert jinja(template) <= ours(template)
    assert ours(template) - jinja(template) <= {"own"}


@settings(max_examples=300, deadline=None)
@given(st.text("{}%#-'\" abiset|=\n", max_size=40))
def test_a_template_that_jinja_refuses_is_still_read(template: str) -> None:
    """NeMo raises at the request; the reader only must come back."""
    for variable in variables(template):
        assert variable.length > 0


def test_a_variable_stands_where_its_braces_stand() -> None:
    """Offset and length are of the whole ``{{ … }}``."""
    template = "Bot: {{ user_input }} and {%- if x -%} y {% endif %}"
    found = [(v.name, template[v.offset : v.offset + v.length], v.use) for v in variables(template)]
    assert [("user_input", "{{ user_input }}", "shown"), ("x", "{%- if x -%}", "tested")] == found
