"""One commune, applied once, shared by all end-to-end tests (``tests/deployment.py`` says how)."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from smartcommune import paths
from tests.deployment import Deployment, stand

NAME = "e2e"
PILOT = "vi-huong"
SAMPLE_SECONDS = 0.2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; without root they are skipped with the reason."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.lab)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the lab needs root"))


class Watch:
    """Notes what every process of this computer, machines' included, shows of itself while its block runs."""

    def __init__(self, seen: set[str]) -> None:
        self._seen = seen
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        self._seen |= processes()
        while not self._over.wait(SAMPLE_SECONDS):
            self._seen |= processes()


def processes() -> set[str]:
    """Return the command lines and the environments of all processes that there are now."""
    found = set()
    for name in ("cmdline", "environ"):
        for path in Path("/proc").glob(f"[0-9]*/{name}"):
            try:
                found.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it has ended
    return found


def _write_profile(state: Path) -> Path:
    """Copy the pilot's profile and its data under a name of its own; gateways have suites of their own."""
    source = paths.checkout() / "commune_profiles"
    folder = state / "profiles"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source / "data" / PILOT, folder / "data" / PILOT)
    profile = folder / f"{NAME}.yml"
    document = yaml.safe_load((source / f"{PILOT}.yml").read_text(encoding="utf-8"))
    del document["components"]["infrastructure"]
    profile.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return profile


@pytest.fixture(scope="session")
def commune() -> Iterator[Deployment]:
    """The commune, applied once with all its checks passed."""
    with stand(NAME, _write_profile, during=lambda deployment: Watch(deployment.processes)) as deployment:
        yield deployment
