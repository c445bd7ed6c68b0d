"""The provider over gRPC, as the engine speaks to it: no engine, a lab in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from smartcommune.lab.models import LinkState
from smartcommune.targets.provider.existing import Machine
from smartcommune.targets.provider.fakes import FakeLab
from smartcommune.targets.provider.journal import Journal
from smartcommune.targets.provider.registry import resource_types
from smartcommune.targets.provider.server import Provider, serve
from smartcommune.targets.provider.values import SECRET, SIGNATURE, UNKNOWN, from_wire, to_wire
from tests.target_sites import make_site

GIB = 1024**3
SECRET_PROPERTY = {SIGNATURE: SECRET, "value": "s3cret"}


def urn(type_: str, name: str) -> str:
    """Return the URN of a resource inside a component."""
    return f"urn:pulumi:test.lab::commune::smartcommune:component:Commune$smartcommune:{type_}::{name}"


@dataclass
class Engine:
    """Asks the provider as the engine does."""

    stub: provider_pb2_grpc.ResourceProviderStub
    journal: Journal
    lab: FakeLab
    machine_inputs: dict = field(
        default_factory=lambda: {
            "name": "server-1",
            "commune": "test",
            "namespace": "sc-test",
            "zone": "server",
            "address": "10.99.3.10",
            "prefixLength": 24,
            "gateway": "10.99.3.1",
            "memory": GIB,
            "disk": 10 * GIB,
            "authorizedKey": "ssh-ed25519 AAAA",
            "fqdn": "server-1.test.example",
            "interfaces": [{"zone": "server", "address": "10.99.3.10", "prefixLength": 24, "name": "host0"}],
        }
    )

    def create(self, type_: str, name: str, inputs: dict, *, preview: bool = False):
        """Create a resource."""
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(type_, name), properties=to_wire(inputs), preview=preview)
        )

    def diff(self, type_: str, name: str, olds: dict, news: dict, old_inputs: dict | None = None):
        """Compare; without ``old_inputs`` the same was asked for before."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=name,
                urn=urn(type_, name),
                olds=to_wire(olds),
                news=to_wire(news),
                old_inputs=to_wire(old_inputs if old_inputs is not None else news),
            )
        )

    def read(self, type_: str, name: str, properties: dict):
        """Read a resource."""
        return self.stub.Read(provider_pb2.ReadRequest(id=name, urn=urn(type_, name), properties=to_wire(properties)))


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A provider served on loopback, with a lab in memory."""
    lab, journal = FakeLab(), Journal()
    with (
        serve(Provider(resource_types(Machine(), lambda commune: lab), journal)) as port,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield Engine(provider_pb2_grpc.ResourceProviderStub(channel), journal, lab)


def test_it_accepts_secrets_and_previews(engine: Engine) -> None:
    """Handshake and Configure say that secrets arrive marked and that previews are served."""
    handshake = engine.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
    configured = engine.stub.Configure(provider_pb2.ConfigureRequest())

    assert handshake.accept_secrets
    assert configured.acceptSecrets
    assert configured.supportsPreview


@pytest.mark.parametrize(
    ("change", "property_", "reason"),
    [
        ({"memory": None}, "memory", "is required"),
        ({"memory": "much"}, "memory", "expected int, found str"),
        ({"colour": "red"}, "colour", "is unknown"),
    ],
)
def test_check_names_what_is_wrong(engine: Engine, change: dict, property_: str, reason: str) -> None:
    """Missing, mistyped and unknown inputs are refused by name."""
    inputs = {key: value for key, value in {**engine.machine_inputs, **change}.items() if value is not None}
    answer = engine.stub.Check(provider_pb2.CheckRequest(urn=urn("lab:Machine", "server-1"), news=to_wire(inputs)))

    assert [(failure.property, failure.reason) for failure in answer.failures] == [(property_, reason)]


def test_check_accepts_what_is_not_known_yet(engine: Engine) -> None:
    """In a preview an input that hangs on an unmade resource passes."""
    inputs = {**engine.machine_inputs, "authorizedKey": UNKNOWN, "memory": UNKNOWN}
    answer = engine.stub.Check(provider_pb2.CheckRequest(urn=urn("lab:Machine", "server-1"), news=to_wire(inputs)))

    assert not answer.failures


def test_a_password_is_marked_secret_and_kept(engine: Engine) -> None:
    """The value leaves the provider wrapped as a secret only, and an unchanged length changes nothing."""
    made = engine.create("secret:Password", "pw", {"length": 24})
    value = from_wire(made.properties)["value"]

    assert made.properties["value"][SIGNATURE] == SECRET
    assert len(value) == 24
    assert value not in made.id
    unchanged = engine.diff("secret:Password", "pw", {"length": 24, "value": value}, {"length": 24})
    assert unchanged.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_another_length_replaces_the_secret(engine: Engine) -> None:
    """A secret of another length is another secret, made after the old one is gone."""
    answer = engine.diff("secret:Token", "key", {"length": 24, "value": "x"}, {"length": 50}, {"length": 24})

    assert list(answer.replaces) == ["length"]
    assert answer.deleteBeforeReplace
    assert str(engine.journal.seen[urn("secret:Token", "key")].changed[0]) == "length: 24 → 50"


def test_a_preview_makes_nothing(engine: Engine) -> None:
    """Create in a preview returns outputs as unknown and touches no machine."""
    answer = engine.create("lab:Machine", "server-1", engine.machine_inputs, preview=True)

    assert from_wire(answer.properties)["hostKey"] == UNKNOWN
    assert engine.lab.calls == []


def test_a_machine_is_made_and_read_before_updates(engine: Engine) -> None:
    """Create boots the machine under its URN as owner, and asks the engine to refresh it before each plan."""
    made = engine.create("lab:Machine", "server-1", engine.machine_inputs)

    assert made.id == "server-1"
    assert made.refresh_before_update
    assert from_wire(made.properties)["status"] == "running"
    assert engine.lab.states["server-1"].owner == urn("lab:Machine", "server-1")


@pytest.mark.parametrize(
    ("change", "replaces"),
    [({"memory": 2 * GIB}, []), ({"address": "10.99.3.11"}, ["address"]), ({"disk": 20 * GIB}, ["disk"])],
)
def test_only_memory_changes_in_place(engine: Engine, change: dict, replaces: list[str]) -> None:
    """Memory is an update, everything else another machine."""
    old = {**engine.machine_inputs, "hostKey": "k", "status": "running"}
    answer = engine.diff("lab:Machine", "server-1", old, {**engine.machine_inputs, **change}, engine.machine_inputs)

    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == replaces


def test_a_killed_machine_is_drift(engine: Engine) -> None:
    """A machine that was killed reads as stopped, and the difference says why in words."""
    made = from_wire(engine.create("lab:Machine", "server-1", engine.machine_inputs).properties)
    engine.lab.kill("server-1")
    actual = from_wire(engine.read("lab:Machine", "server-1", made).properties)
    answer = engine.diff("lab:Machine", "server-1", actual, engine.machine_inputs)

    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert [reason.en for reason in engine.journal.seen[urn("lab:Machine", "server-1")].drift] == [
        "the machine is not running"
    ]


def test_changed_memory_is_drift_in_words(engine: Engine) -> None:
    """A limit changed by hand is told with both values, as drift and not as a change of the profile."""
    made = from_wire(engine.create("lab:Machine", "server-1", engine.machine_inputs).properties)
    engine.lab.set_memory("server-1", 2 * GIB)
    actual = from_wire(engine.read("lab:Machine", "server-1", made).properties)
    engine.diff("lab:Machine", "server-1", actual, engine.machine_inputs)

    seen = engine.journal.seen[urn("lab:Machine", "server-1")]
    assert seen.changed == ()
    assert seen.drift[0].en == "memory is 2 GiB, should be 1 GiB"


def test_a_removed_machine_reads_as_gone(engine: Engine) -> None:
    """Read of a machine deleted by hand is empty, and the journal remembers that it was there."""
    made = from_wire(engine.create("lab:Machine", "server-1", engine.machine_inputs).properties)
    engine.lab.destroy_machine("server-1")

    assert engine.read("lab:Machine", "server-1", made).id == ""
    assert engine.journal.seen[urn("lab:Machine", "server-1")].vanished


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"attached": False}, "the machine is not connected to the lab's network"),
        ({"links": (LinkState("host0", "server", plugged=False, up=False, cut=False),)}, "links are lost: host0"),
    ],
)
def test_a_machine_off_the_network_is_drift(engine: Engine, change: dict, reason: str) -> None:
    """A machine whose network was deleted under it, or that lost a link, is mended by ensuring it."""
    made = from_wire(engine.create("lab:Machine", "server-1", engine.machine_inputs).properties)
    engine.lab.states["server-1"] = replace(engine.lab.states["server-1"], **change)
    actual = from_wire(engine.read("lab:Machine", "server-1", made).properties)
    engine.diff("lab:Machine", "server-1", actual, engine.machine_inputs)

    assert [item.en for item in engine.journal.seen[urn("lab:Machine", "server-1")].drift] == [reason]
    request = provider_pb2.UpdateRequest(
        id="server-1", urn=urn("lab:Machine", "server-1"), olds=to_wire(actual), news=to_wire(engine.machine_inputs)
    )
    assert from_wire(engine.stub.Update(request).properties)["lostLinks"] == []
    assert engine.lab.calls[-1] == "ensure server-1"


def test_a_cut_link_is_no_drift(engine: Engine) -> None:
    """A link that was cut on purpose stays cut, and plans stay empty."""
    made = from_wire(engine.create("lab:Machine", "server-1", engine.machine_inputs).properties)
    cut = LinkState("host0", "server", plugged=True, up=False, cut=True)
    engine.lab.states["server-1"] = replace(engine.lab.states["server-1"], links=(cut,))
    actual = from_wire(engine.read("lab:Machine", "server-1", made).properties)

    answer = engine.diff("lab:Machine", "server-1", actual, engine.machine_inputs)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_machine_recorded_without_its_links_is_not_replaced(engine: Engine) -> None:
    """A state written before links were recorded reads as the one link that the machine has."""
    made = from_wire(engine.create("lab:Machine", "server-1", engine.machine_inputs).properties)
    engine.lab.states["server-1"] = replace(
        engine.lab.states["server-1"], spec=replace(engine.lab.states["server-1"].spec, interfaces=())
    )
    before = {key: value for key, value in made.items() if key not in ("interfaces", "lostLinks")}
    actual = from_wire(engine.read("lab:Machine", "server-1", before).properties)

    answer = engine.diff("lab:Machine", "server-1", actual, engine.machine_inputs, before)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_machine_that_does_not_boot_is_a_partial_failure(engine: Engine) -> None:
    """The engine gets the half-made machine to record, and the journal the error in words."""
    engine.lab.broken = {"server-1"}
    with pytest.raises(grpc.RpcError) as failed:
        engine.create("lab:Machine", "server-1", engine.machine_inputs)

    trailer = {item.key: item.value for item in failed.value.trailing_metadata()}["grpc-status-details-bin"]
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(trailer).details[0].Unpack(detail)
    assert detail.id == "server-1"
    assert from_wire(detail.properties)["status"] == "stopped"
    assert "Reached target nothing" in engine.journal.failures[0].error.message.en


def test_an_unrecorded_machine_unlike_the_profile_is_not_touched(engine: Engine) -> None:
    """A machine of ours that no state knows may hold data: it is neither adopted nor replaced."""
    engine.create("lab:Machine", "server-1", engine.machine_inputs)
    with pytest.raises(grpc.RpcError):
        engine.create("lab:Machine", "server-1", {**engine.machine_inputs, "address": "10.99.3.99"})

    assert engine.lab.states["server-1"].spec.address == "10.99.3.10"
    assert "not recorded" in engine.journal.failures[0].error.message.en


def test_a_defect_is_reported_with_its_place(engine: Engine) -> None:
    """An unexpected exception reaches engine and journal as one line, without a traceback."""
    engine.lab.states["server-1"] = None  # type: ignore[assignment]
    with pytest.raises(grpc.RpcError) as failed:
        engine.stub.Delete(provider_pb2.DeleteRequest(id="x", urn=urn("lab:Machine", "x")))

    assert "KeyError" in failed.value.details()
    assert "\n" not in engine.journal.failures[0].error.message.en


def test_a_network_without_its_proxy_is_drift(engine: Engine) -> None:
    """The package proxy belongs to the network: when it is gone, the next run starts it."""
    zones = [{"name": zone.name, "prefix": zone.prefix, "gateway": zone.gateway} for zone in make_site().zones]
    inputs = {"name": "test", "zones": zones}
    made = from_wire(engine.create("lab:Network", "test", inputs).properties)
    engine.lab.broken = {"proxy"}
    actual = from_wire(engine.read("lab:Network", "test", made).properties)
    engine.diff("lab:Network", "test", actual, inputs)

    assert "proxy is not running" in engine.journal.seen[urn("lab:Network", "test")].drift[0].en


def test_the_journal_refuses_what_the_plan_does_not_list(engine: Engine) -> None:
    """While a plan is applied, an operation beyond it is refused and nothing happens."""
    engine.journal.allowed = frozenset({("create", urn("lab:Machine", "server-2"))})
    with pytest.raises(grpc.RpcError, match="not in the plan"):
        engine.create("lab:Machine", "server-1", engine.machine_inputs)

    assert engine.lab.states == {}


def test_secrets_survive_the_wire() -> None:
    """A secret input arrives in clear inside the provider, and an output named secret leaves marked."""
    assert from_wire(to_wire({"a": SECRET_PROPERTY, "n": 3, "u": UNKNOWN})) == {"a": "s3cret", "n": 3, "u": UNKNOWN}
    assert to_wire({"a": "x"}, {"a"})["a"][SIGNATURE] == SECRET
    assert to_wire({"a": UNKNOWN}, {"a"})["a"] == UNKNOWN
