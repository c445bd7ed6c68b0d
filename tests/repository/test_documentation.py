"""Documents agree with the toolkit and with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from smartcommune.cli.reference import render_reference
from smartcommune.docs.__main__ import render_documents
from tests.repository.tree import CHECKOUT, name, tracked, under

MARKDOWN = [path for path in tracked() if path.suffix == ".md"]
DECISIONS = under("docs/adr", "[0-9]*.md")
FRAGMENTS = [path for path in under("changelog.d") if path.name not in ("README.md", ".gitkeep")]
TYPES = [
    each["directory"] for each in tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]
]


def commands(path: Path) -> list[str]:
    """Return the command lines of a document's shell blocks, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("path", DECISIONS, ids=name)
def test_decision_record_is_whole(path: Path) -> None:
    """A decision record has a number, a title and its four sections, in order, on about one page."""
    text = path.read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert text.startswith(f"# {path.name[:4]}. ")
    assert sections == ["Status", "Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60


def test_decision_records_are_numbered_without_gaps() -> None:
    """Decision records count from 0001."""
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize(
    ("path", "text"),
    [*render_documents(CHECKOUT).items()],
    ids=lambda each: name(each) if isinstance(each, Path) else "",
)
def test_generated_document_is_current(path: Path, text: str) -> None:
    """Each generated document says what the toolkit does now (``python -m smartcommune.docs`` writes them)."""
    assert path.is_file()
    assert path.read_text(encoding="utf-8") == text


def test_shown_commands_exist() -> None:
    """Each command of the toolkit that a README shows is one that it has."""
    known = set(re.findall(r"^## (smartcommune .+)$", render_reference(), re.MULTILINE))
    shown = {
        line for each in ("README.md", "README.vi.md") for line in commands(CHECKOUT / each) if "bin/smart" in line
    }
    words = [line.removeprefix(".venv/bin/").split() for line in shown]

    assert words
    assert [each for each in words if not {" ".join(each[:2]), " ".join(each[:3])} & known] == []


def test_readmes_show_the_same_commands() -> None:
    """The Vietnamese and the English README give the same commands in the same order."""
    english, vietnamese = (commands(CHECKOUT / each) for each in ("README.md", "README.vi.md"))

    assert english
    assert english == vietnamese


@pytest.mark.parametrize("path", MARKDOWN, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    """Each relative link of a document leads to a file of the checkout."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    broken = [each for each in targets if "://" not in each and not (path.parent / each).exists()]

    assert broken == []


@pytest.mark.parametrize("path", FRAGMENTS, ids=name)
def test_changelog_fragment_is_named_by_its_type(path: Path) -> None:
    """A changelog fragment is ``<slug>.<type>.md`` with a known type, and says something."""
    slug, _, kind = path.name.removesuffix(".md").partition(".")

    assert path.suffix == ".md"
    assert slug
    assert kind in TYPES
    assert path.read_text(encoding="utf-8").strip()
