"""The stages of the demo, cold and warm, and an apply that has nothing to do beside ``ansible-playbook`` alone.

``python bench/demo.py [--profile vi-huong]`` (root) measures a copy of the profile with a name, a state and a cache of
its own, so that it stands beside a demo, and *cold* has no base image and no package yet; the engine is taken from the
user's cache. The two ways of a run with nothing to do take turns, so that both meet the same load. It prints one JSON
document, and removes what it made.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from smartcommune import paths
from smartcommune.runs.record import load_latest

ROOT = paths.checkout()
BIN = Path(sys.executable).parent
TURNS = 3
NAME = "bench"


class FailedError(Exception):
    """A command of the measurement failed; carries what it printed last."""


def timed(argv: list[str], environment: dict[str, str]) -> float:
    """Run a command from the checkout; return its seconds."""
    begin = time.monotonic()
    ran = subprocess.run(
        argv, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if ran.returncode != 0:
        raise FailedError(f"{' '.join(argv)} ended with {ran.returncode}:\n{ran.stdout[-3000:]}")
    return round(time.monotonic() - begin, 1)


def copy_profile(profile: str, folder: Path) -> Path:
    """Copy a profile of the checkout and its data under a name of its own."""
    source = ROOT / "commune_profiles"
    shutil.copytree(source / "data" / profile, folder / "data" / profile)
    return Path(shutil.copyfile(source / f"{profile}.yml", folder / f"{NAME}.yml"))


def apply(profile: Path, environment: dict[str, str], *more: str) -> dict[str, Any]:
    """Apply the profile in the lab; return seconds as a whole, and by stage with what changed."""
    load = round(os.getloadavg()[0], 1)
    command = [str(BIN / "smartcommune"), "apply", str(profile), "--target", "lab", "--yes", *more]
    seconds = timed(command, environment)
    record = load_latest(Path(environment["SMARTCOMMUNE_STATE"]) / NAME / "lab", "apply")
    stages = record.stages if record else []
    return {
        "load": load,
        "seconds": seconds,
        "stages": {str(stage.name): {"seconds": stage.seconds, "changed": stage.changed} for stage in stages},
    }


def measure(pilot: str) -> dict[str, Any]:
    """Measure one commune from nothing to nothing."""
    with tempfile.TemporaryDirectory(prefix="smartcommune-bench-") as folder:
        profile = copy_profile(pilot, Path(folder))
        cache = Path(folder) / "cache"
        cache.mkdir()
        (cache / "pulumi").symlink_to(paths.cache() / "pulumi")
        own = {"SMARTCOMMUNE_STATE": f"{folder}/state", "SMARTCOMMUNE_CACHE": str(cache)}
        environment = os.environ | own | {"SMARTCOMMUNE_PROFILE": str(profile), "SMARTCOMMUNE_TARGET": "lab"}
        destroy = [str(BIN / "smartcommune"), "destroy", str(profile), "--target", "lab", "--yes"]
        playbook = [str(BIN / "ansible-playbook"), "-i", "inventory/", "playbooks/site.yml"]
        try:
            figures: dict[str, Any] = {"profile": pilot, "cold": apply(profile, environment)}
            timed(destroy, environment)
            figures["warm"] = apply(profile, environment)
            figures["nothing_to_do"] = [
                {
                    "apply": apply(profile, environment, "--no-verify"),
                    "ansible_playbook_alone": {"seconds": timed(playbook, environment)},
                }
                for _ in range(TURNS)
            ]
            figures["verify"] = {"seconds": timed([str(BIN / "smartcommune"), "verify", str(profile)], environment)}
            figures["destroy"] = {"seconds": timed(destroy, environment)}
        finally:
            timed([str(BIN / "smartcommune"), "lab", "clean", str(profile)], environment)
    return figures


def main() -> int:
    """Print the figures, or why there are none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="vi-huong")
    profile = parser.parse_args().profile
    if os.geteuid() != 0:
        parser.error("the lab needs root: sudo")
    if Path(f"/run/netns/sc-{NAME}").exists():
        parser.error("another measurement is under way, or one was cut: smartcommune lab clean")
    try:
        print(json.dumps(measure(profile), indent=2, ensure_ascii=False))
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
