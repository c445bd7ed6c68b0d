"""A commune that an end-to-end test stands on: applied by the command line as a user would, destroyed at the end.

Its state lies in ``.state/NAME`` of the checkout and its profile has a name of its own, so that it stands beside a
demo; downloads come from the shared cache. What a killed session left is removed by the next one, or by
``SMARTCOMMUNE_STATE=.state/NAME smartcommune lab clean``.

For work on such tests: ``SMARTCOMMUNE_STANDING`` names a profile that stands already (under ``SMARTCOMMUNE_STATE``);
it is then neither made nor destroyed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from smartcommune import paths
from smartcommune.errors import SmartCommuneError
from smartcommune.lab.lab import Lab
from smartcommune.site import load_site
from smartcommune.site.models import Site
from smartcommune.targets.outputs import Outputs, fetch_outputs
from tests.waiting import wait_until


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

    def restart(self, host: str, *, seconds: float) -> None:
        """Restart a machine from inside; return when all that starts with it has started, fail after ``seconds``."""
        mark = "/run/before-restart"
        self.on(host, f"touch {mark}; systemctl reboot", codes=(0, 1, 129, 137, 143, 255))

        def up() -> bool:
            try:
                return (
                    self.on(host, f"test -e {mark} || systemctl is-system-running", codes=(0, 1)).strip() == "running"
                )
            except (AssertionError, SmartCommuneError):
                return False  # it is down, or coming up

        wait_until(up, f"{host} runs again", seconds=seconds, step=1)

    @property
    def folder(self) -> Path:
        """The commune's own folder of the state."""
        return self.state / self.profile.stem / "lab"

    def changes(self) -> dict[str, list[tuple[str, str]]]:
        """Return what the last run of the site's playbook changed: role and task of each change, by host."""
        run = max((self.folder / "runs").glob("*-site"))
        events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        found: dict[str, list[tuple[str, str]]] = {}
        for event in events:
            if event.get("state") == "changed":
                found.setdefault(event["host"], []).append((event["role"], event["task"]))
        return found


def announced(plan: dict[str, Any], host: str) -> list[tuple[str, str]]:
    """Return role and task of each change that a plan names on a host."""
    return [
        (action["sources"][0]["key"], action["reason"]["en"].partition(": ")[2])
        for action in plan["hosts"]
        if action["subject"]["en"].startswith(f"{host}: ")
    ]


@contextmanager
def clear_ground(name: str, write_profile: Callable[[Path], Path]) -> Iterator[Deployment]:
    """Yield a commune that is not applied yet, with what an earlier session left removed; destroy it at the end.

    ``write_profile`` gets the folder of the state and returns the path of the profile, NAME.yml.
    """
    state = paths.checkout() / ".state" / name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTCOMMUNE_STATE", str(state))
        state.mkdir(parents=True, exist_ok=True)
        deployment = Deployment(write_profile(state), state)
        deployment.run("lab", "clean")
        shutil.rmtree(deployment.folder, ignore_errors=True)
        shutil.rmtree(state / "pulumi", ignore_errors=True)
        try:
            yield deployment
        finally:
            deployment.run(*deployment.verb("destroy"), "--yes", codes=(0, 2))
            deployment.run("lab", "clean")
            shutil.rmtree(state)


@contextmanager
def stand(
    name: str,
    write_profile: Callable[[Path], Path],
    *,
    during: Callable[[Deployment], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Iterator[Deployment]:
    """Apply a commune from nothing, with all its checks passed; yield it; destroy it.

    ``write_profile`` is as for ``clear_ground``; ``during`` surrounds the apply.
    """
    if standing := os.environ.get("SMARTCOMMUNE_STANDING"):
        deployment = Deployment(Path(standing).resolve(), paths.state())
        deployment.report = deployment.document(*deployment.verb("report"))
        yield deployment
        return
    with clear_ground(name, write_profile) as deployment:
        with during(deployment):
            deployment.run(*deployment.verb("apply"), "--yes")
        deployment.report = deployment.document(*deployment.verb("report"))
        yield deployment
