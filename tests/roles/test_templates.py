"""Templates of roles, rendered as Ansible does: a case is a folder with its input and the file that has to come out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

CASES = Path(__file__).parent / "cases"
ROLES = Path(__file__).resolve().parents[2] / "roles"


def cases() -> list[Path]:
    """Return the case folders: ``cases/<role>/<case>/`` with ``input.yml`` and ``expected``."""
    return sorted(path.parent for path in CASES.glob("*/*/input.yml"))


@pytest.mark.parametrize("case", cases(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_template_renders(case: Path) -> None:
    """The template renders to exactly the expected file."""
    given = yaml.safe_load((case / "input.yml").read_text(encoding="utf-8"))
    source = ROLES / case.parent.name / "templates" / given["template"]
    variables = {"ansible_managed": "managed", **given["variables"]}
    templar = Templar(loader=DataLoader(), variables=variables)
    rendered = templar.template(trust_as_template(source.read_text(encoding="utf-8")), preserve_trailing_newlines=True)

    assert rendered == (case / "expected").read_text(encoding="utf-8")


def test_every_role_with_cases_exists() -> None:
    """No case outlives its role."""
    assert [path for path in CASES.iterdir() if not (ROLES / path.name).is_dir()] == []
