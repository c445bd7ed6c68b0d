"""The stages of the demo, cold and warm, and an apply that has nothing to do beside ``ansible-playbook`` alone.

``python bench/demo.py [--profile vi-huong]`` (root) uses a state and a cache of its own, so that *cold* has no base
image and no package yet; the engine is taken from the user's cache. It prints one JSON document, and removes what it
made.
"""

from __future__ import annotations

import argparse
import json
import os
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


class FailedError(Exception):
    """A command of the measurement failed; carries what it printed last."""


def timed(argv: list[str], environment: dict[str, str]) -> float:
    """Run a command from the checkout; return its seconds."""
    begin = time.monotonic()
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    ran = subprocess.run(argv, cwd=ROOT, env=environment, check=False, **both)
    if ran.returncode != 0:
        raise FailedError(f"{' '.join(argv)} ended with {ran.returncode}:\n{ran.stdout[-3000:]}")
    return round(time.monotonic() - begin, 1)


def apply(profile: str, environment: dict[str, str], *more: str) -> dict[str, Any]:
    """Apply the profile in the lab; return seconds as a whole, and by stage with what changed."""
    seconds = timed([str(BIN / "smartcommune"), "apply", profile, "--target", "lab", "--yes", *more], environment)
    record = load_latest(Path(environment["SMARTCOMMUNE_STATE"]) / profile / "lab", "apply")
    stages = record.stages if record else []
    return {
        "seconds": seconds,
        "stages": {str(stage.name): {"seconds": stage.seconds, "changed": stage.changed} for stage in stages},
    }


def measure(profile: str) -> dict[str, Any]:
    """Measure one commune from nothing to nothing."""
    with tempfile.TemporaryDirectory(prefix="smartcommune-bench-") as folder:
        cache = Path(folder) / "cache"
        cache.mkdir()
        (cache / "pulumi").symlink_to(paths.cache() / "pulumi")
        own = {"SMARTCOMMUNE_STATE": f"{folder}/state", "SMARTCOMMUNE_CACHE": str(cache)}
        environment = os.environ | own | {"SMARTCOMMUNE_PROFILE": profile, "SMARTCOMMUNE_TARGET": "lab"}
        destroy = [str(BIN / "smartcommune"), "destroy", profile, "--target", "lab", "--yes"]
        playbook = [str(BIN / "ansible-playbook"), "-i", "inventory/", "playbooks/site.yml"]
        try:
            figures: dict[str, Any] = {"profile": profile, "cold": apply(profile, environment)}
            timed(destroy, environment)
            figures["warm"] = apply(profile, environment)
            figures["no_change"] = apply(profile, environment, "--no-verify")
            figures["ansible_playbook_alone"] = {"seconds": timed(playbook, environment)}
            figures["verify"] = {"seconds": timed([str(BIN / "smartcommune"), "verify", profile], environment)}
            figures["destroy"] = {"seconds": timed(destroy, environment)}
        finally:
            timed([str(BIN / "smartcommune"), "lab", "clean", profile], environment)
    return figures


def main() -> int:
    """Print the figures, or why there are none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="vi-huong")
    profile = parser.parse_args().profile
    if os.geteuid() != 0:
        parser.error("the lab needs root: sudo")
    if Path(f"/run/netns/sc-{profile}").exists():
        parser.error(f"the lab of {profile} is in use: smartcommune destroy {profile} --target lab")
    try:
        print(json.dumps(measure(profile), indent=2, ensure_ascii=False))
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
