"""A small virtual machine with simulated radios, on which Ansible converges the role; by ``tox run -e radio``.

Two cards send (wlan0, wlan1), three are stations in namespaces of their own (wlan2 to wlan4), the last forges frames.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import testinfra

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.profile.loader import load_profile
from smartcommune.site.compile import compile_site
from smartcommune.site.province import load_province
from tests.radio.authority import issue
from tests.radio.image import ensure_image
from tests.radio.machine import Machine, running

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TOOLS = ("qemu-system-x86_64", "mksquashfs", "mmdebstrap", "ssh-keygen")
STATIONS = ("wlan2", "wlan3", "wlan4")
FQDN = "gateway-1.phuthong.example.vn"
SECRETS = {
    "wifi_gateway_staff_key": "Kv7wQm3xTz9pRb5nYc2d",
    "wifi_gateway_account_key": "a" * 64,
    "wifi_gateway_radius_key": "b" * 48,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; without the tools or root they are skipped with the reason."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.lab)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not installed (tools/setup --radio): {', '.join(missing)}"))
            elif os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the machine's image is made by root"))


class Gateway:
    """The machine as the gateway of a commune: what its profile says is brought about by the role itself."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self.folder = machine, folder
        loaded = load_profile(HERE / "commune.yml", load_catalogue())
        site = compile_site(loaded, load_catalogue(), load_province(paths.province()), "lab")
        self.options: dict[str, Any] = site.host("gateway-1").service("wifi_gateway").options

    def testinfra(self) -> Any:
        """Return Testinfra's host, over the same connection."""
        config = self.folder / "ssh_config"
        lines = [option.removeprefix("-o").replace("=", " ", 1) for option in self.machine.ssh_options]
        config.write_text("\n".join(["Host *", *lines]) + "\n", encoding="utf-8")
        return testinfra.get_host(f"ssh://root@127.0.0.1:{self.machine.port}", ssh_config=str(config))

    def converge(self, *, check: bool = False, **changed: Any) -> dict[str, int]:
        """Run Ansible with the profile's options, ``changed`` in their place; return its recap."""
        variables = {f"wifi_gateway_{key}": value for key, value in (self.options | changed).items()} | SECRETS
        variables |= {"commune": {"profile": "commune"}, "commune_host": {"fqdn": FQDN}}
        place = self.folder / "variables.json"
        place.write_text(json.dumps(variables), encoding="utf-8")
        connection = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.machine.port,
            "ansible_user": "root",
            "ansible_ssh_common_args": " ".join(self.machine.ssh_options),
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"gateway-1": connection}}}), encoding="utf-8")
        argv = [paths.checkout() / ".venv/bin/ansible-playbook", "-i", inventory, "-e", f"@{place}"]
        environment = os.environ | {"ANSIBLE_INVENTORY_ENABLED": "yaml", "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [*argv, *(["--check"] if check else []), HERE / "converge.yml"],
            capture_output=True,
            text=True,
            cwd=paths.checkout(),
            env=environment,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        recap = done.stdout.rpartition("PLAY RECAP")[2]
        return {word: int(count) for word, count in re.findall(r"(\w+)=(\d+)", recap)}


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The machine with six radios, bridges for two zones, and the certificate that the commune gives a machine."""
    with running(ensure_image(), tmp_path_factory.mktemp("radio")) as machine:
        machine.check("modprobe", "mac80211_hwsim", "radios=6")
        for zone, address in (("office", "10.20.4.1/24"), ("wifi", "10.20.20.1/24")):
            machine.check("ip", "link", "add", zone, "type", "bridge")
            machine.check("ip", "address", "add", address, "dev", zone)
            machine.check("ip", "link", "set", zone, "up")
        for name in STATIONS:
            machine.check("ip", "netns", "add", name)
            card = machine.check("cat", f"/sys/class/net/{name}/phy80211/name").strip()
            machine.check("iw", "phy", card, "set", "netns", "name", name)
        machine.check("groupadd", "--system", "commune-tls")
        root, certificate, key = issue(FQDN)
        machine.write("/usr/local/share/ca-certificates/commune-root.crt", root)
        machine.write("/etc/commune-tls/certificate.pem", certificate)
        machine.write("/etc/commune-tls/private-key.pem", key, "0640")
        machine.check("chgrp", "commune-tls", "/etc/commune-tls/private-key.pem")
        machine.check("mkdir", "-p", "/etc/commune-tls/renewed.d")
        yield machine


@pytest.fixture(scope="session")
def bare(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """The gateway before anything was done to it."""
    return Gateway(machine, tmp_path_factory.mktemp("gateway"))


@pytest.fixture(scope="session")
def gateway(bare: Gateway) -> Gateway:
    """The gateway, converged; the plan before knew of it."""
    assert bare.converge(check=True)["changed"] > 0
    bare.converge()
    return bare
