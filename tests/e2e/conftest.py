"""One commune, applied once by the command line as a user would, shared by all end-to-end tests, destroyed at the end.

Its state lies in ``.state/e2e`` of the checkout and its profile has a name of its own, so that it stands beside a
demo; downloads come from the shared cache. What a killed session left is removed by the next one, or by
``SMARTCOMMUNE_STATE=.state/e2e smartcommune lab clean``.

For work on these tests: ``SMARTCOMMUNE_E2E_PROFILE`` names a profile that stands already (under
``SMARTCOMMUNE_STATE``); it is then neither made nor destroyed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from smartcommune import paths
from smartcommune.lab.lab import Lab
from smartcommune.site import load_site
from smartcommune.site.models import Site
from smartcommune.targets.outputs import Outputs, fetch_outputs

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


@dataclass
class Deployment:
    """A commune that stands, and the command line to it.

    ``report`` is the one of the first apply; ``output`` keeps all that the command line ever wrote, ``processes`` what
    every process showed of itself during the first apply.
    """

    profile: Path
    state: Path
    report: dict[str, Any] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    processes: set[str] = field(default_factory=set)

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run the command line; fails the test with its output unless it ends with one of ``codes``."""
        done = subprocess.run(
            [sys.executable, "-m", "smartcommune", *arguments],
            env=os.environ | {"SMARTCOMMUNE_STATE": str(self.state), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.output += [done.stdout, done.stderr]
        if done.returncode not in codes:
            pytest.fail(
                f"{' '.join(arguments)} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
            )
        return done

    def document(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Any:
        """Run the command line with --json; return its document."""
        return json.loads(self.run("--json", *arguments, codes=codes).stdout)

    def verb(self, *words: str) -> tuple[str, ...]:
        """Return the words of a command with the profile behind them."""
        return (*words, str(self.profile))

    @cached_property
    def site(self) -> Site:
        """The compiled Site."""
        return load_site(str(self.profile), "lab")

    @property
    def outputs(self) -> Outputs:
        """What stands now."""
        return fetch_outputs(self.site)

    @property
    def lab(self) -> Lab:
        """The lab's verbs."""
        return Lab(self.profile.stem, state=self.state)

    def on(self, host: str, script: str, *, codes: tuple[int, ...] = (0,)) -> str:
        """Run a shell script on a machine as root, whatever its network says; return what it wrote."""
        done = subprocess.run(
            self.lab.shell_argv(host, script), capture_output=True, text=True, errors="replace", check=False
        )
        assert done.returncode in codes, f"{host}: {script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    @property
    def folder(self) -> Path:
        """The commune's own folder of the state."""
        return self.state / self.profile.stem / "lab"


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
    """Copy the pilot's profile and its data under a name of its own."""
    source = paths.checkout() / "commune_profiles"
    folder = state / "profiles"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source / "data" / PILOT, folder / "data" / PILOT)
    profile = folder / f"{NAME}.yml"
    shutil.copyfile(source / f"{PILOT}.yml", profile)
    return profile


@pytest.fixture(scope="session")
def commune() -> Iterator[Deployment]:
    """The commune, applied once with all its checks passed."""
    if standing := os.environ.get("SMARTCOMMUNE_E2E_PROFILE"):
        deployment = Deployment(Path(standing).resolve(), paths.state())
        deployment.report = deployment.document(*deployment.verb("report"))
        yield deployment
        return
    state = paths.checkout() / ".state" / NAME
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTCOMMUNE_STATE", str(state))
        state.mkdir(parents=True, exist_ok=True)
        deployment = Deployment(_write_profile(state), state)
        deployment.run("lab", "clean")
        shutil.rmtree(deployment.folder, ignore_errors=True)
        shutil.rmtree(state / "pulumi", ignore_errors=True)
        try:
            with Watch(deployment.processes):
                deployment.run(*deployment.verb("apply"), "--yes")
            deployment.report = deployment.document(*deployment.verb("report"))
            yield deployment
        finally:
            deployment.run(*deployment.verb("destroy"), "--yes", codes=(0, 2))
            deployment.run("lab", "clean")
            shutil.rmtree(state)
