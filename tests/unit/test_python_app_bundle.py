"""Bundling an application on the controller: what goes into the archives, and that equal input gives equal bytes."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.unit.shop_app import load

bundle = load("python_app/files/bundle.py")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write a small application with what a developer leaves behind."""
    folder = tmp_path / "app"
    for name in ("manage.py", "shop/wsgi.py", "shop/__pycache__/wsgi.pyc", "shop/locale/vi/LC_MESSAGES/django.mo"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def options(source: Path, **changes: object) -> object:
    """Return the command line of a bundle whose wheels are in the cache already."""
    cache, lock = source.parent / "cache", source.parent / "requirements.txt"
    lock.write_text("django==5.2.19\n", encoding="utf-8")
    values = {"requirements": lock, "source": source, "cache": cache, "python": "3.13", "machine": "x86_64"}
    return bundle.argparse.Namespace(**{**values, "build": "[]", "exclude": [], "name": [], **changes})


@pytest.fixture(autouse=True)
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Fetch nothing: write one module and one translation instead of a package index's wheels."""
    calls: list[Path] = []

    def fetch(requirements: Path, tree: Path, python: str, machine: str) -> None:
        calls.append(requirements)
        for name in (
            "django/__init__.py",
            "django/locale/vi/LC_MESSAGES/django.mo",
            "django/locale/fr/LC_MESSAGES/django.mo",
        ):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name, encoding="utf-8")

    monkeypatch.setattr(bundle, "fetch_packages", fetch)
    return calls


def names(archive: str) -> list[str]:
    """Return the files in an archive."""
    with tarfile.open(archive) as content:
        return content.getnames()


def test_archives_hold_what_hosts_need(source: Path) -> None:
    """Compiled files and other languages stay behind."""
    made = bundle.bundle(options(source))

    assert names(made["source"]) == ["manage.py", "shop/wsgi.py"]
    assert names(made["wheels"]) == ["django/__init__.py", "django/locale/vi/LC_MESSAGES/django.mo"]


def test_wheels_are_fetched_once(source: Path, fetched: list[Path]) -> None:
    """The same lock is not fetched again."""
    first, second = bundle.bundle(options(source)), bundle.bundle(options(source))

    assert len(fetched) == 1
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["id"] == second["id"]


def test_equal_input_gives_equal_bytes(source: Path, tmp_path: Path) -> None:
    """Two controllers make the same archives, whatever the files' times."""
    first = bundle.bundle(options(source, cache=tmp_path / "one"))
    (source / "manage.py").touch()
    second = bundle.bundle(options(source, cache=tmp_path / "two"))

    for archive in ("wheels", "source"):
        assert Path(first[archive]).read_bytes() == Path(second[archive]).read_bytes()


@pytest.mark.parametrize(
    "change", [{"build": '[["collectstatic"]]'}, {"python": "3.14"}, {"machine": "aarch64"}, {"exclude": ["faker/*"]}]
)
def test_other_input_is_another_release(source: Path, change: dict[str, object]) -> None:
    """Build commands, Python, machine and exclusions belong to the release's identity."""
    assert bundle.bundle(options(source))["id"] != bundle.bundle(options(source, **change))["id"]


def test_changed_source_keeps_the_wheels(source: Path) -> None:
    """A change of source is another release on the same wheels."""
    first = bundle.bundle(options(source))
    (source / "manage.py").write_text("changed", encoding="utf-8")
    second = bundle.bundle(options(source))

    assert first["key"] == second["key"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("django/conf/locale/vi/LC_MESSAGES/django.mo", True),
        ("django/conf/locale/fr/LC_MESSAGES/django.mo", False),
        ("django/conf/locale/fr/formats.py", True),
        ("faker/providers/person.py", False),
        ("babel/locale-data/vi.dat", True),
    ],
)
def test_what_is_needed(path: str, needed: bool) -> None:
    """Translations into other languages and excluded patterns are not needed."""
    assert bundle.is_needed(path, ["faker/*"]) is needed


def test_locks_beside_the_first_count_too(source: Path) -> None:
    """Source packages and what builds them are part of the release: another lock of theirs is another release."""
    lone = bundle.bundle(options(source))
    for kind in ("sdist", "build"):
        (source.parent / f"requirements.{kind}.txt").write_text("django-haystack==3.4.0\n", encoding="utf-8")
    both = bundle.bundle(options(source))
    (source.parent / "requirements.build.txt").write_text("setuptools==84.2.1\n", encoding="utf-8")
    other = bundle.bundle(options(source))

    assert len({lone["key"], both["key"], other["key"]}) == 3
    assert [path.name for path in bundle.locks_of(source.parent / "requirements.txt")] == [
        "requirements.txt",
        "requirements.sdist.txt",
        "requirements.build.txt",
    ]


def test_every_package_is_installed_by_its_hash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wheels, tools and source packages are each installed by hash alone, and a source package by locked tools only."""
    commands: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> object:
        commands.append((command, env))
        return bundle.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.undo()
    monkeypatch.setattr(bundle.subprocess, "run", run)
    for kind in ("", ".sdist", ".build"):
        (tmp_path / f"requirements{kind}.txt").write_text("", encoding="utf-8")
    bundle.fetch_packages(tmp_path / "requirements.txt", tmp_path / "tree", "3.13", "x86_64")
    wheels, tools, sources = commands

    assert all({"--require-hashes", "--no-deps"} <= set(command) for command, _ in commands)
    assert "--only-binary=:all:" in wheels[0]
    assert "--only-binary=:all:" in tools[0]
    assert "--no-build-isolation" in sources[0]
    assert f"--target={sources[1]['PYTHONPATH']}" in tools[0]


def test_files_are_named_by_their_pattern(source: Path) -> None:
    """What a plan asks for is named from both archives, and nothing is where it asks for nothing."""
    found = bundle.bundle(options(source, name=["*/__init__.py", "shop/w*"]))

    assert found["named"] == ["django/__init__.py", "shop/wsgi.py"]
    assert bundle.bundle(options(source))["named"] == []
