"""Applying with a mistake in the roles: a copy of the checkout has it, and its ``apply`` is run on one machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from smartcommune import paths
from tests.deployment import Deployment
from tests.waiting import wait_until

SOURCES = ("src", "roles", "playbooks", "plugins", "inventory", "pulumi_stacks", "commune_profiles", "ansible.cfg")
STATE = "/var/lib/commune-undo"
PATIENCE = 120.0  # seconds for a run to get to its change
SETTLED = 60.0  # seconds after a restart in which links and servers come up one by one


@dataclass(frozen=True)
class Mistaken:
    """A checkout with mistakes in it, and its command line; ``host`` is the one machine that it applies."""

    root: Path
    commune: Deployment
    host: str
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        """Begin an apply of the machine."""
        words = ("--json", *self.commune.verb("apply"), "--yes", "--no-verify", "--limit", self.host)
        environment = {"SMARTCOMMUNE_STATE": str(self.commune.state), "PYTHONPATH": f"{self.root / 'src'}:{self.root}"}
        process = subprocess.Popen(
            [sys.executable, "-m", "smartcommune", *words],
            cwd=self.root,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process


@contextmanager
def as_before(state_of: Callable[[], str]) -> Iterator[None]:
    """See that what ``state_of`` tells is the same after the block as before it."""
    before = state_of()
    yield
    wait_until(lambda: state_of() == before, "all is as it was", seconds=SETTLED, step=1)


@contextmanager
def mistakes(commune: Deployment, host: str, folder: Path) -> Iterator[Callable[..., Mistaken]]:
    """Yield a function that makes a checkout in ``folder``, given edits as (file, old text, new text).

    What the checkout's command line still runs at the end is killed.
    """
    mistaken = Mistaken(folder, commune, host)

    def make(*edits: tuple[str, str, str]) -> Mistaken:
        for name in SOURCES:
            source = paths.checkout() / name
            copy: Callable[[Path, Path], object] = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, folder / name)
        for name, old, new in edits:
            path = folder / name
            text = path.read_text(encoding="utf-8")
            assert old in text
            path.write_text(text.replace(old, new), encoding="utf-8")
        return mistaken

    try:
        yield make
    finally:
        for process in mistaken.started:
            process.kill()
            process.communicate()


def wait_for(commune: Deployment, host: str, path: str) -> dict[str, Any]:
    """Wait until a file of the change's state is on the machine; return its record."""
    said: list[str] = []

    def there() -> str:
        said.append(commune.on(host, f"cat {STATE}/{path}", codes=(0, 1)))
        return said[-1]

    wait_until(there, f"{path} comes", seconds=PATIENCE)
    record: dict[str, Any] = json.loads(said[-1])
    return record


def failure_of(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the words of the one failure with which a run ended, by language."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err[-4000:]
    (failure,) = json.loads(out)["failures"]
    message: dict[str, str] = failure["message"]
    return message


def seconds_of(record: dict[str, Any]) -> float:
    """Return how long a change was in force."""
    return (datetime.fromisoformat(record["undone"]) - datetime.fromisoformat(record["armed"])).total_seconds()
