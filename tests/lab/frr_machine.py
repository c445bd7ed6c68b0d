"""A real FRRouting router in a lab machine: vtysh as login shell, the guard beside it, reached over the network."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path

from smartcommune import paths
from smartcommune.devices.access import Target
from smartcommune.devices.platforms import PLATFORMS
from smartcommune.devices.record import Keeper
from smartcommune.devices.render import render
from smartcommune.lab.lab import Lab
from smartcommune.lab.models import MachineSpec
from smartcommune.site.models import Device
from smartcommune.site.networks import LAB_MIRROR_PORT
from tests.device_samples import make_device

NAME, USER = "router-1", "netadmin"
GUARD = paths.checkout() / "src/smartcommune/devices/platforms/frr/guard"


@dataclass
class Router:
    """The machine, and the toolkit's way to its command line."""

    lab: Lab
    address: str
    gateway: str
    private_key: str
    public_key: str

    def shell(self, command: str, *, check: bool = True) -> str:
        """Run a command as root, whatever the network says; return its output."""
        done = subprocess.run(
            self.lab.shell_argv(NAME, command), capture_output=True, text=True, timeout=300, check=False
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def install(self) -> None:
        """Make a router of the machine, as docs/devices.md says."""
        proxy = f"-o Acquire::http::Proxy=http://{self.gateway}:{LAB_MIRROR_PORT}"
        apt = f"DEBIAN_FRONTEND=noninteractive apt-get {proxy} -qq"
        self.shell(f"{apt} update && {apt} install --yes --no-install-recommends frr frr-pythontools >/dev/null")
        self._put(GUARD / "commune_frr_guard.py", "/usr/local/sbin/commune-frr-guard")
        self._put(GUARD / "commune-frr-guard.service", "/etc/systemd/system/commune-frr-guard.service")
        self.shell(
            f"useradd --create-home --groups frrvty,frr --shell /usr/bin/vtysh {USER}"
            f" && install -d -m 700 -o {USER} ~{USER}/.ssh"
            f" && echo '{self.public_key}' > ~{USER}/.ssh/authorized_keys && chown {USER} ~{USER}/.ssh/authorized_keys"
            " && systemctl daemon-reload && systemctl enable --quiet --now commune-frr-guard"
        )

    def _put(self, source: Path, path: str) -> None:
        text = base64.b64encode(source.read_bytes()).decode()
        self.shell(f"echo {text} | base64 --decode > {path}")

    def device(self, routes: dict[str, str]) -> Device:
        """Return the router's declaration."""
        return make_device(
            "frr", name=NAME, user=USER, address=self.address, gateway=self.gateway, routes=tuple(routes.items())
        )

    def target(self, folder: Path, routes: dict[str, str]) -> Target:
        """Return what is needed to bring it to these routes."""
        device = self.device(routes)
        return Target(
            device=device,
            platform=PLATFORMS["frr"],
            wanted=render(None, device),  # type: ignore[arg-type]
            keeper=Keeper(folder),
            address=self.address,
            port=22,
            secrets={},
            private_key=self.private_key,
            public_key=self.public_key,
            netns=self.lab.netns,
            source_address=self.lab.source_address(self.address),
        )


def boot(lab: Lab, zones: tuple, private_key: str, public_key: str) -> Router:
    """Return a router in zone management, ready for log-in."""
    zone = next(zone for zone in zones if zone.name == "management")
    address = zone.gateway.rpartition(".")[0] + ".200"
    lab.ensure_network(zones)
    spec = MachineSpec(
        name=NAME,
        zone="management",
        address=address,
        prefix_length=24,
        gateway=zone.gateway,
        memory=1 << 30,
        disk=8 << 30,
        authorized_keys=(public_key,),
    )
    lab.ensure_machine(spec, "urn:test")
    lab.wait_ready(NAME)
    router = Router(lab, address, zone.gateway, private_key, public_key)
    router.install()
    return router
