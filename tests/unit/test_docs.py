"""Generated documents: the block inside a hand-written file, tables, and what a role says about itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartcommune.docs.blocks import BEGIN, END, render_code, render_table, replace_block
from smartcommune.docs.roles import load_role, render_readme

SPECS = {
    "argument_specs": {
        "main": {
            "short_description": "A clock",
            "options": {
                "clock_face": {"type": "str", "required": True, "description": "Face, as C(round)."},
                "clock_hands": {
                    "type": "list",
                    "elements": "str",
                    "default": ["hour"],
                    "description": ["One", "or two."],
                },
            },
        },
        "backup": {"short_description": "Save the time", "options": {}},
    }
}
ENTRY = {
    "name": "clock",
    "component": "foundation",
    "title": {"vi": "Đồng hồ", "en": "Clock"},
    "purpose": {"vi": "Xem giờ.", "en": "Tells the time."},
    "memory": "64 MiB",
    "ports": [{"port": 123, "protocol": "udp", "zones": ["office"], "purpose": {"vi": "Giờ", "en": "Time"}}],
}


@pytest.fixture
def role(tmp_path) -> Path:
    """A role with specs and a catalogue entry (JSON is YAML)."""
    folder = tmp_path / "clock"
    (folder / "meta").mkdir(parents=True)
    (folder / "meta" / "argument_specs.yml").write_text(json.dumps(SPECS))
    (folder / "meta" / "service.yml").write_text(json.dumps(ENTRY, ensure_ascii=False), encoding="utf-8")
    return folder


def test_block_is_appended_once_and_replaced_after() -> None:
    """The hand-written text around the generated part stays as it is."""
    first = replace_block("# Title\n\nMine.\n", "one")
    second = replace_block(first + "\nAlso mine.\n", "two")

    assert first == f"# Title\n\nMine.\n\n{BEGIN}\n\none\n\n{END}\n"
    assert second == f"# Title\n\nMine.\n\n{BEGIN}\n\ntwo\n\n{END}\n\nAlso mine.\n"


def test_table_keeps_its_shape() -> None:
    """Line breaks and bars in a cell do not break the table; no rows, no table."""
    assert render_table(("a", "b"), [("1\n2", "x|y")]) == "| a | b |\n|---|---|\n| 1 2 | x\\|y |"
    assert render_table(("a",), []) == ""


@pytest.mark.parametrize(("value", "code"), [("", ""), ("x", "`x`"), ("a`b", "``a`b``"), ("`a`", "`` `a` ``")])
def test_code_is_fenced(value, code) -> None:
    """Inline code has a fence that its text does not contain."""
    assert render_code(value) == code


def test_readme_says_what_the_role_says(role) -> None:
    """Titles in both languages, sizes, ports, variables with types and defaults, and every entry point are there."""
    text = render_readme(load_role(role), "")

    assert text.startswith("# clock\n")
    for part in (
        "**Đồng hồ** – Xem giờ.",
        "**Clock** – Tells the time.",
        "| memory | `64 MiB` |",
        "## Entry point `backup`",
    ):
        assert part in text
    assert "| 123/udp | office | Giờ | Time |" in text
    assert "| `clock_face` | str | **required** | Face, as `round`. |" in text
    assert '| `clock_hands` | list of str | `["hour"]` | One or two. |' in text


def test_readme_is_stable(role) -> None:
    """Rendering again over its own result changes nothing."""
    once = render_readme(load_role(role), "# My clock\n\nWound by hand.\n")

    assert "Wound by hand." in once
    assert render_readme(load_role(role), once) == once


def test_building_block_has_no_service_part(role) -> None:
    """A role without a catalogue entry shows its variables alone."""
    (role / "meta" / "service.yml").unlink()
    text = render_readme(load_role(role), "")

    assert "## Service" not in text
    assert "`clock_face`" in text
