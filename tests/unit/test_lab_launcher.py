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
from smartcommune.lab.launcher import Config, load_config, nspawn_argv, overlay_options
from smartcommune.lab.ports import Port

PORTS = tuple(Port(zone, f"vb-{zone}", f"br-{zone}", "02:00:00:00:00:01") for zone in ("wan", "edge"))
CONFIG = Config("/state/m", "/cache/base", "/run/netns/sc-x", PORTS, "server-1", "server-1", ("lab", "server-1"), "u")


def test_odd_paths_are_escaped_for_overlayfs():
    """Colons and commas in a checkout's path do not become options."""
    data = overlay_options("/home/a,b:c/base", Path("/x:y"))
    assert data == r"lowerdir=/home/a\,b\:c/base,upperdir=/x\:y/up,workdir=/x\:y/work"


def test_the_machine_has_a_network_of_its_own():
    """Nspawn gets root and name, makes a network, and does not register with a daemon that may not be there."""
    argv = nspawn_argv(CONFIG, Path("/state/m/root"))
    wanted = {"--directory=/state/m/root", "--private-network", "--hostname=server-1", "--register=no"}
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
    assert load_config(json.dumps(asdict(CONFIG))) == CONFIG
    argv = background.module_argv("smartcommune.lab.relay", "{}")
    assert argv[1:] == ("-S", "-m", "smartcommune.lab.relay", "{}")
