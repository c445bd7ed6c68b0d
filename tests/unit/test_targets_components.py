"""The components, declared against Pulumi's mocks: no engine, no provider."""

import asyncio
import gc
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import wait_for_rpcs

from pulumi_stacks.commune import __main__ as stack
from smartcommune.site.models import Connection, Site
from smartcommune.targets.provider.existing import Machine
from smartcommune.targets.provider.registry import resource_types
from tests.target_sites import make_site

# the SDK's mocks do not close the event loops that they make
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Recorder(mocks.Mocks):
    """Remembers what was declared, and answers with an id."""

    def __init__(self) -> None:
        self.declared: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Remember the resource; every output has its own name as value."""
        self.declared[args.typ, args.name] = args.inputs
        served = TYPES.get(args.typ)
        made = {name: f"{args.name}:{name}" for name in (served.outputs if served else ())}
        return f"{args.name}-id", {**args.inputs, **made}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        """Answer nothing: the program calls nothing."""
        return {}


TYPES = {resource.type: resource for resource in resource_types(Machine())}


def run(program: Callable[[], None]) -> Recorder:
    """Run a program to its end against mocks, on an event loop of its own."""
    recorder = Recorder()

    async def run_in_loop() -> None:
        mocks.set_mocks(recorder, project="commune", stack="test.lab", preview=False)
        program()
        await wait_for_rpcs()

    try:
        asyncio.run(run_in_loop())
    finally:
        settings.reset_options()
        gc.collect()  # the SDK's mocks leave an event loop in each of their threads: let the warnings come here
    return recorder


def declare(site: Site) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the stack's program declares for ``site``, by type and name."""
    return run(lambda: stack.program(site)).declared


def test_the_program_declares_what_the_site_asks_for() -> None:
    """A network, a machine and an authority a host, a secret a need, one root and one key pair."""
    declared = declare(make_site())

    things = sorted((type_.removeprefix("smartcommune:"), name) for type_, name in declared if type_ in TYPES)
    assert things == [
        ("lab:Machine", "server-1"),
        ("lab:Machine", "server-2"),
        ("lab:Network", "test"),
        ("pki:CertificateAuthority", "test"),
        ("pki:HostAuthority", "server-1"),
        ("pki:HostAuthority", "server-2"),
        ("secret:Password", "server-1/shop/admin_password"),
        ("secret:Token", "server-1/shop/django_key"),
        ("ssh:KeyPair", "test"),
    ]


@pytest.mark.parametrize("target", ["lab", "existing"])
def test_inputs_are_those_that_the_provider_knows(target: str) -> None:
    """Each declared resource passes exactly the inputs of its type, so that none is forgotten or misspelt."""
    connections = {f"server-{n}": Connection(f"192.0.2.{n}", 22, "commune") for n in (1, 2)}
    declared = declare(make_site(target=target, connections=connections))

    for (type_, name), inputs in declared.items():
        if type_ in TYPES:
            assert inputs.keys() == TYPES[type_].inputs.keys(), (type_, name)


def test_machines_take_the_key_and_the_network_that_were_made() -> None:
    """What one resource makes is another one's input, so that the order follows."""
    declared = declare(make_site())

    machine = declared["smartcommune:lab:Machine", "server-1"]
    assert machine["authorizedKey"] == "test:publicKey"
    assert machine["namespace"] == "test:namespace"
    authority = declared["smartcommune:pki:HostAuthority", "server-1"]
    assert authority["rootPrivateKey"] == "test:privateKey"
    assert authority["excludedNames"] == ["server-2.test.example"]
    assert declared["smartcommune:pki:HostAuthority", "server-2"]["excludedNames"] == []


def test_existing_machines_make_no_network() -> None:
    """On machines that already stand there is nothing of the lab; only hosts with a connection are declared."""
    declared = declare(make_site(target="existing", connections={"server-1": Connection("192.0.2.7", 2222, "admin")}))

    assert not any(type_.startswith("smartcommune:lab:") for type_, _ in declared)
    machine = declared["smartcommune:existing:Machine", "server-1"]
    assert (machine["address"], machine["port"], machine["user"]) == ("192.0.2.7", 2222, "admin")
    assert ("smartcommune:existing:Machine", "server-2") not in declared


def test_pulumi_up_runs_the_same_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """``__main__`` run as a program compiles the configured profile and declares it by ``program``."""
    seen: list[Any] = []
    monkeypatch.setenv("SMARTCOMMUNE_PROFILE", "vi-huong")
    monkeypatch.setenv("SMARTCOMMUNE_TARGET", "lab")
    monkeypatch.setattr("smartcommune.site.load_site", lambda *asked: seen.append(asked) or make_site())
    monkeypatch.setattr("pulumi_stacks.components.commune.Commune", lambda site: seen.append(site) or FakeCommune())
    monkeypatch.setattr(pulumi, "export", lambda name, value: seen.append(name))

    run(lambda: runpy.run_path(str(Path(stack.__file__)), run_name="__main__"))
    assert seen == [("vi-huong", "lab"), make_site(), "hosts", "hostKeys", "caCertificate", "sshPublicKey"]


class FakeCommune:
    """What ``program`` reads of a commune."""

    class hosts:  # noqa: D106, N801 -- stands for an attribute
        machines: dict[str, Any] = {}  # noqa: RUF012 -- stays empty

    class identity:  # noqa: D106, N801 -- stands for an attribute
        class root:  # noqa: D106, N801 -- stands for an attribute
            certificate = "ROOT"

        class keys:  # noqa: D106, N801 -- stands for an attribute
            public_key = "KEY"
