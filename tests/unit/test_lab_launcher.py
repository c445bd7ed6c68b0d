"""The launcher's decisions: mount data and the machine's command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

import smartcommune
from smartcommune.lab import background
from smartcommune.lab.launcher import Config, nspawn_argv, overlay_options

CONFIG = Config("/state/m", "/cache/base", "/run/netns/sc-x", "br-server", "server-1", "vb", "server-1", None, "u")


def test_odd_paths_are_escaped_for_overlayfs():
    """Colons and commas in a checkout's path do not become options."""
    data = overlay_options("/home/a,b:c/base", Path("/x:y"))
    assert data == r"lowerdir=/home/a\,b\:c/base,upperdir=/x\:y/up,workdir=/x\:y/work"


def test_the_machine_is_on_its_zones_bridge():
    """Nspawn gets root, name and bridge, and does not register with a daemon that may not be there."""
    argv = nspawn_argv(CONFIG, Path("/state/m/root"))
    wanted = {"--directory=/state/m/root", "--network-bridge=br-server", "--hostname=server-1", "--register=no"}
    assert wanted <= set(argv)
    assert argv.index("--") > argv.index("--boot")


@pytest.mark.parametrize("module", ["launcher", "package_proxy", "relay"])
def test_resident_programs_need_the_standard_library_only(module):
    """They start without site-packages: small, and independent of the virtual environment."""
    code = f"import smartcommune.lab.{module}, sys; print(sorted(m for m in sys.modules if 'pydantic' in m))"
    source = str(Path(smartcommune.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_a_configuration_survives_the_command_line():
    """What the toolkit writes as JSON is what the launcher reads."""
    values = json.loads(json.dumps(asdict(CONFIG)))
    assert Config(**values) == CONFIG
    argv = background.module_argv("smartcommune.lab.relay", "{}")
    assert argv[1:] == ("-S", "-m", "smartcommune.lab.relay", "{}")
