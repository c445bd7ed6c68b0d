"""Commands in messages are as the user types them."""

from __future__ import annotations

import pytest

from smartcommune.cli.examples import EXAMPLES, examples_of
from smartcommune.cli.invocation import pasteable, program_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run: smartcommune apply vi-huong --target lab", "run: .venv/bin/smartcommune apply vi-huong --target lab"),
        ("smartcommune lab open mine shop", ".venv/bin/smartcommune lab open '/a b/mine.yml' shop"),
        ("smartcommune lab list", ".venv/bin/smartcommune lab list"),
        ("«smartcommune explain» without a name", "«.venv/bin/smartcommune explain» without a name"),
        ("smartcommune 0.1.0 of /opt/smartcommune apply", "smartcommune 0.1.0 of /opt/smartcommune apply"),
    ],
)
def test_commands_are_as_typed(text, shown):
    """The program is as it was called, a profile given by its path is that path; other words stay."""
    assert pasteable(text, ".venv/bin/smartcommune", ("lab", "/a b/mine.yml")) == shown


def test_the_program_is_called_as_it_was(tmp_path, monkeypatch):
    """By its name where PATH has it, by its path elsewhere, as a module, and as before sudo."""
    program = tmp_path / "bin" / "smartcommune"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)

    assert program_of("bin/smartcommune", {"PATH": "/usr/bin"}) == "bin/smartcommune"
    assert program_of(str(program), {"PATH": "/usr/bin"}) == "bin/smartcommune"
    assert program_of(str(program), {"PATH": str(program.parent)}) == "smartcommune"
    assert program_of("/x/__main__.py", {}).endswith(" -m smartcommune")
    assert program_of("/x/__main__.py", {"SMARTCOMMUNE_PROGRAM": "bin/smartcommune"}) == "bin/smartcommune"


def test_every_example_can_be_pasted():
    """Examples in a command's help begin with the program as it was called, options first or not."""
    typed = [line for path in EXAMPLES for line in examples_of(path, "bin/smartcommune")]

    assert typed
    assert [line for line in typed if not line.startswith("bin/smartcommune ")] == []
