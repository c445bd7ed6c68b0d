"""Fakes of Pulumi, Ansible, Testinfra and the lab, for tests of what drives them."""

from __future__ import annotations

from smartcommune.converge.results import ConvergeEvent, ConvergeResult, HostFailure, HostResult
from smartcommune.errors import LockedError, NotProvisionedError
from smartcommune.plan import Action, Unreached
from smartcommune.targets.outputs import HostOutput, KeyPair, Outputs
from smartcommune.targets.planning import MachinesPlan
from smartcommune.targets.stack import StackEvent
from smartcommune.text import Text
from tests.unit import report_sample as sample

MACHINE = Text(vi="máy server-1", en="machine server-1")
OUTPUTS = Outputs(
    hosts={
        name: HostOutput(name, "10.20.3.10", 22, "commune", "ssh-ed25519 AAAA") for name in ("server-1", "gateway-1")
    },
    secrets={},
    ssh=KeyPair("public", "private"),
    ca_certificate="-----BEGIN CERTIFICATE-----\n",
    authorities={},
)
ACTION = Action(
    "create", MACHINE, Text(vi="chưa có", en="not there yet"), sample.site().hosts[0].sources, "memory", 5.0
)


class FakeStack:
    """Stands in for Pulumi: says what it would do, does nothing, remembers what it was asked."""

    def __init__(self, world, site, *, wait=None, accept_host_keys=()):
        self.world, self.site, self.lock, self.unreached = world, site, 0, world.unreached
        world.accepted = accept_host_keys
        if world.locked:
            raise LockedError(Text(vi="khóa", en="locked by pid 7"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.world.calls.append("released")

    def preview(self):
        """Say one thing."""
        return MachinesPlan((ACTION,), "digest", 5.0)

    def preview_removal(self):
        """Say one thing."""
        return MachinesPlan((ACTION,), "digest", 0.1)

    def outputs(self):
        """Say what stands, if anything does."""
        if not self.world.provisioned:
            raise NotProvisionedError(Text(vi="chưa dựng", en="not provisioned"))
        return self.world.outputs

    def up(self, on_event, *, expected=None):
        """Tell of each operation, or fail."""
        self.world.calls.append(f"up {expected}")
        if isinstance(self.world.up, BaseException):
            raise self.world.up
        for operation in self.world.up:
            on_event(StackEvent(MACHINE, operation, "started", expected=3.0))
            on_event(StackEvent(MACHINE, operation, "done", seconds=2.0))
        return self.world.outputs

    def destroy(self, on_event):
        """Tell of one removal."""
        self.world.calls.append("destroy")
        on_event(StackEvent(MACHINE, "delete", "done", seconds=0.1))


class FakeLab:
    """Stands in for the lab."""

    def __init__(self, world):
        self.world = world

    def clean(self):
        """Remember it."""
        self.world.calls.append("lab cleaned")


class World:
    """What the fakes answer, and what they were asked."""

    def __init__(self):
        self.calls: list[str] = []
        self.locked = self.provisioned = False
        self.up: BaseException | tuple[str, ...] = ("create",)
        self.hosts = {"server-1": HostResult(ok=5, changed=2), "gateway-1": HostResult(ok=3)}
        self.failures: tuple[HostFailure, ...] = ()
        self.unreached: tuple[Unreached, ...] = ()
        self.accepted: tuple[str, ...] = ()
        self.outputs = OUTPUTS
        self.seen = sample.verification()

    def converge(
        self, site, outputs, playbook="site", *, limit=None, on_event=None, fresh=frozenset(), lock=None, variables=None
    ):
        """Tell of one change."""
        self.calls.append(f"converge {playbook} {limit} {sorted(fresh)} {variables}")
        for state in ("started", "changed"):
            on_event(ConvergeEvent("server-1", "base", "Install packages", state, 1.5, 1.5, 60.0, 0.1))
        return ConvergeResult(self.hosts, (), 3.0, self.failures)

    def verify(self, site, outputs, on_event, *, limit=()):
        """Tell of a lost host and of a failure."""
        self.calls.append(f"verify {limit}")
        checks = [result.check for result in self.seen.results]
        on_event({"event": "planned", "host": "server-1", "checks": [check.model_dump() for check in checks]})
        on_event({"event": "host", "host": "gateway-1", "reached": False, "reason": "No route to host"})
        failed = self.seen.results[2]
        on_event({"event": "started", "host": "server-1", "id": failed.check.id})
        on_event(
            {
                "event": "result",
                "host": "server-1",
                "id": failed.check.id,
                "state": "failed",
                "reason": "stopped",
                "seconds": 0.3,
            }
        )
        return self.seen


def all_passed():
    """Return the sample's results as if all were well."""
    seen = sample.verification()
    hosts = tuple(host.model_copy(update={"reached": True}) for host in seen.hosts)
    results = tuple(result.model_copy(update={"state": "passed"}) for result in seen.results)
    return seen.model_copy(update={"hosts": hosts, "results": results})
