"""Target ``existing`` with the real engine and ssh, against a small SSH server; and the provider as a plugin."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest
from pulumi import automation

from pulumi_stacks.commune.__main__ import program
from smartcommune import paths
from smartcommune.errors import NotProvisionedError
from smartcommune.site.models import Connection, Site
from smartcommune.targets.engine import EngineCommand, find_engine, open_stack
from smartcommune.targets.failures import HostsNotReachedError, ProvisioningError
from smartcommune.targets.layout import layout
from smartcommune.targets.outputs import fetch_outputs
from smartcommune.targets.passphrase import ensure_passphrase
from smartcommune.targets.stack import Stack
from tests.ssh_server import host_key, serving
from tests.target_sites import make_site


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    return tmp_path


class Machine:
    """A machine that can be switched on and off, and get another host key; it always has one address."""

    def __init__(self) -> None:
        self._on = ExitStack()
        self.key = host_key()
        self.port = 0

    def switch_on(self, authorized: str = "ssh-ed25519 NOBODY", key: paramiko.PKey | None = None) -> None:
        """Serve, letting the owner of one key in."""
        self._on.close()
        self.key = key or self.key
        self.port = self._on.enter_context(serving(self.key, authorized, self.port))

    def switch_off(self) -> None:
        """Stop serving."""
        self._on.close()


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine that is on and knows nobody."""
    machine = Machine()
    machine.switch_on()
    yield machine
    machine.switch_off()


def site(machine: Machine) -> Site:
    """Return a Site of one host that already stands."""
    connections = {"server-1": Connection("127.0.0.1", machine.port, "commune")}
    return make_site("existing-test", hosts=1, target="existing", connections=connections)


def provisioned(machine: Machine) -> Site:
    """Bring the Site up on a machine that lets the toolkit in."""
    wanted = site(machine)
    with Stack(wanted) as stack:
        with pytest.raises(HostsNotReachedError) as refused:
            stack.up()
        assert "authorized_keys" in str(refused.value.todo)
        assert stack.preview().not_reached == ("server-1",)
        machine.switch_on(stack.outputs().ssh.public)
        planned = {action.subject.en: action.reason.en for action in stack.preview().actions}
        assert "its host key SHA256:" in planned["existing machine server-1"]
        stack.up()
        assert (stack.unreached, stack.preview().actions) == ((), ())
    return wanted


def test_a_machine_is_recognised_and_pinned(machine: Machine) -> None:
    """The first run says which key to let in; the next one pins the host key; plans are empty from then on."""
    host = fetch_outputs(provisioned(machine)).hosts["server-1"]

    assert host.host_key == f"ssh-ed25519 {machine.key.get_base64()}"
    assert (host.address, host.port, host.user, host.netns) == ("127.0.0.1", machine.port, "commune", None)


def test_another_host_key_stops_everything_until_accepted(machine: Machine) -> None:
    """A changed key fails plan and apply with what to compare; accepted by name it is planned, and pinned."""
    wanted = provisioned(machine)
    public = fetch_outputs(wanted).ssh.public
    machine.switch_on(public, host_key())
    with Stack(wanted) as stack:
        for run in (stack.preview, stack.up):
            with pytest.raises(ProvisioningError, match="has changed: it is now SHA256"):
                run()

    with Stack(wanted, accept_host_keys={"server-1"}) as stack:
        (action,) = stack.preview().actions
        assert (action.kind, action.reason.en) == ("update", "a new host key was accepted by name")
        assert stack.up().hosts["server-1"].host_key == f"ssh-ed25519 {machine.key.get_base64()}"
    with Stack(wanted) as stack:
        assert stack.preview().actions == ()


def test_a_silent_machine_is_told_apart_from_change(machine: Machine) -> None:
    """A known machine that is off is named as not reached, is no change, and its record stays."""
    wanted = provisioned(machine)
    machine.switch_off()
    with Stack(wanted) as stack:
        plan = stack.preview()
        assert (plan.actions, plan.not_reached) == ((), ("server-1",))
        assert stack.up().hosts["server-1"].port == machine.port


def test_first_contact_with_a_silent_machine_does_the_rest(machine: Machine) -> None:
    """What does not answer at first contact is exit code 4; secrets and certificates are made all the same."""
    machine.switch_off()
    with Stack(site(machine)) as stack:
        with pytest.raises(HostsNotReachedError, match="server-1") as error:
            stack.up()
        assert error.value.exit_code == 4
        assert stack.outputs().hosts == {}
        assert len(stack.outputs().secrets) == 2


def test_destroy_forgets_and_touches_nothing(machine: Machine) -> None:
    """A machine that already stood goes on; only its record is removed."""
    wanted = provisioned(machine)
    with Stack(wanted) as stack:
        machine.switch_off()
        stack.destroy()
        with pytest.raises(NotProvisionedError):
            stack.outputs()


def test_the_provider_also_serves_as_a_plugin(machine: Machine) -> None:
    """With the plugin's folder in the project file, as a plain ``pulumi up`` finds it, the engine starts it itself."""
    wanted = site(machine)
    place = layout(wanted)
    stack = open_stack(place, EngineCommand(find_engine()), lambda: program(wanted), ensure_passphrase({}))
    plugin = paths.checkout() / "pulumi_stacks" / "commune" / "provider"
    with (place.work / "Pulumi.yaml").open("a") as project:
        project.write(f"plugins: {{providers: [{{name: smartcommune, path: {plugin}}}]}}\n")
    with pytest.raises(automation.CommandError, match="does not let commune log in"):
        stack.up(continue_on_error=True)

    assert len(fetch_outputs(wanted).secrets) == 2
