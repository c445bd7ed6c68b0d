"""Templates of roles, rendered as Ansible does: a case is a folder with its input and the file that has to come out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

CASES = Path(__file__).parent / "cases"
ROLES = Path(__file__).resolve().parents[2] / "roles"


def variables_of(role: Path) -> dict[str, object]:
    """Return a role's defaults and variables, as templates that are rendered where they are asked for."""
    found: dict[str, object] = {}
    for folder in ("defaults", "vars"):
        path = role / folder / "main.yml"
        found |= yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.is_file() else {}
    return {name: trust(value) for name, value in found.items()}


def trust(value: object) -> object:
    """Return a value of a role's variables with every text in it taken for a template, as Ansible takes them."""
    if isinstance(value, dict):
        return {key: trust(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trust(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def cases() -> list[Path]:
    """Return the case folders: ``cases/<role>/<case>/`` with ``input.yml`` and ``expected``."""
    return sorted(path.parent for path in CASES.glob("*/*/input.yml"))


@pytest.mark.parametrize("case", cases(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_template_renders(case: Path) -> None:
    """With the role's own variables and those of the case the template renders to exactly the expected file."""
    given = yaml.safe_load((case / "input.yml").read_text(encoding="utf-8"))
    role = ROLES / case.parent.name
    source = role / "templates" / given["template"]
    variables = {"ansible_managed": "managed", **variables_of(role), **given["variables"]}
    templar = Templar(loader=DataLoader(), variables=variables)
    rendered = templar.template(trust_as_template(source.read_text(encoding="utf-8")), preserve_trailing_newlines=True)

    assert rendered == (case / "expected").read_text(encoding="utf-8")


def test_every_role_with_cases_exists() -> None:
    """No case outlives its role."""
    assert [path for path in CASES.iterdir() if not (ROLES / path.name).is_dir()] == []
