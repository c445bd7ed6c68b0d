"""Machines that already stand: pinning, recognition, and the messages for what goes wrong."""

import base64
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from smartcommune.errors import NotReachedError, SmartCommuneError
from smartcommune.targets.provider.existing import Machine
from smartcommune.targets.provider.values import UNKNOWN
from smartcommune.text import Text
from smartcommune.transports.ssh_probe import HostKeyChangedError, Login, LoginRefusedError, MachineFacts, probe

LOGIN = Login("server-1", "192.0.2.7", 2222, "admin", "ssh-ed25519 AAAA toolkit", "PRIVATE KEY")
INPUTS = {
    "name": "server-1",
    "address": "192.0.2.7",
    "port": 22,
    "user": "commune",
    "publicKey": "ssh-ed25519 AAAA",
    "privateKey": "PRIVATE KEY",
}
FACTS = MachineFacts("ssh-ed25519 KEY1", "debian", "13", "Debian GNU/Linux 13 (trixie)")
CHANGED = HostKeyChangedError(Text(vi="đã đổi", en="changed"))
SILENT = NotReachedError(Text(vi="không trả lời", en="no answer"))

FAKE_SSH = """#!{python}
import json, pathlib, sys
argv = sys.argv[1:]
options = dict(item.split("=", 1) for item in argv if "=" in item)
key = pathlib.Path(options["IdentityFile"])
pathlib.Path({log!r}).write_text(json.dumps(
    {{"argv": argv, "key": key.read_text(), "mode": key.stat().st_mode & 0o777,
      "known": pathlib.Path(options["UserKnownHostsFile"]).read_text()}}))
error = {error!r}
if error:
    sys.exit(error)
if options["StrictHostKeyChecking"] == "accept-new":
    pathlib.Path(options["UserKnownHostsFile"]).write_text("server-1 ssh-ed25519 SHOWN\\n")
print('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\\nID=debian\\nVERSION_ID="13"')
"""


class FakeContact:
    """Answers as a machine with ``facts`` would, or with an error."""

    def __init__(self) -> None:
        self.facts = FACTS
        self.error: SmartCommuneError | None = None
        self.pins: list[str | None] = []

    def __call__(self, login: Login, pinned: str | None) -> MachineFacts:
        """Answer one contact."""
        self.pins.append(pinned)
        if self.error is not None:
            raise self.error
        if pinned not in (None, self.facts.host_key):
            raise CHANGED
        return self.facts


@pytest.fixture
def contact() -> FakeContact:
    """A machine to contact."""
    return FakeContact()


def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str = "") -> Path:
    """Put an ssh on PATH that notes its arguments and answers, or fails with ``error``; return its notes' path."""
    log = tmp_path / "log"
    program = tmp_path / "ssh"
    program.write_text(FAKE_SSH.format(python=sys.executable, log=str(log), error=error))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return log


def test_first_contact_pins_the_host_key(contact: FakeContact) -> None:
    """The first contact takes the key that is shown, and records system and key."""
    made = Machine(contact=contact).create(INPUTS, urn="u")

    assert contact.pins == [None]
    assert made.properties["hostKey"] == "ssh-ed25519 KEY1"
    assert (made.properties["osId"], made.properties["osVersion"]) == ("debian", "13")


def test_later_contacts_demand_it(contact: FakeContact) -> None:
    """Every later contact insists on the pinned key and finds nothing to change."""
    machine = Machine(contact=contact)
    made = machine.create(INPUTS, urn="u")
    again = machine.read("server-1", made.properties)

    assert contact.pins == [None, "ssh-ed25519 KEY1"]
    assert again == made.properties
    assert again is not None
    assert machine.drift(again) == ()


def test_a_changed_key_is_an_error(contact: FakeContact) -> None:
    """Another key stops everything until a person has compared it."""
    machine = Machine(contact=contact)
    made = machine.create(INPUTS, urn="u")
    contact.facts = replace(FACTS, host_key="ssh-ed25519 KEY2")

    with pytest.raises(HostKeyChangedError):
        machine.read("server-1", made.properties)


def test_a_changed_key_can_be_accepted_by_name(contact: FakeContact) -> None:
    """Accepted by name it is shown as a change, pinned by the update, and demanded from then on."""
    made = Machine(contact=contact).create(INPUTS, urn="u")
    contact.facts = replace(FACTS, host_key="ssh-ed25519 KEY2")
    machine = Machine(accept={"server-1"}, contact=contact)
    seen = machine.read("server-1", made.properties)
    assert seen is not None
    assert machine.drift(seen)[0].property == "hostKey"

    updated = machine.update("server-1", seen, INPUTS, urn="u")
    assert updated["hostKey"] == "ssh-ed25519 KEY2"
    assert contact.pins[-1] == "ssh-ed25519 KEY2"
    assert Machine(contact=contact).read("server-1", updated) == updated


def test_a_silent_machine_is_noted_and_not_changed(contact: FakeContact) -> None:
    """A machine known before that does not answer keeps its record; that it was not reached is told apart."""
    machine = Machine(contact=contact)
    made = machine.create(INPUTS, urn="u")
    contact.error = SILENT

    assert machine.read("server-1", made.properties) == made.properties
    assert machine.drift(made.properties) == ()
    assert machine.not_reached == {"server-1": SILENT}


def test_a_preview_knocks_where_there_is_a_key(contact: FakeContact) -> None:
    """Before the first apply a plan says that a key will be made; then it says what it met, or notes the silence."""
    machine = Machine(contact=contact)
    key = base64.b64encode(b"key").decode()
    contact.facts = replace(FACTS, host_key=f"ssh-ed25519 {key}")

    assert "apply makes the SSH key first" in machine.foresee({**INPUTS, "privateKey": UNKNOWN}).en
    assert contact.pins == []
    assert re.search(r"Debian.*its host key SHA256:\S{43} will be pinned", machine.foresee(INPUTS).en)
    contact.error = SILENT
    assert "cannot be entered yet" in machine.foresee(INPUTS).en
    assert machine.not_reached == {"server-1": SILENT}


def test_a_silent_machine_is_not_recorded_on_first_contact(contact: FakeContact) -> None:
    """What was never seen has no record."""
    contact.error = SILENT
    with pytest.raises(NotReachedError):
        Machine(contact=contact).create(INPUTS, urn="u")


def test_an_address_change_keeps_the_pin(contact: FakeContact) -> None:
    """A machine that moved must still be the same machine."""
    machine = Machine(contact=contact)
    made = machine.create(INPUTS, urn="u")
    machine.update("server-1", made.properties, {**INPUTS, "address": "192.0.2.8"}, urn="u")
    assert contact.pins == [None, "ssh-ed25519 KEY1"]

    contact.facts = replace(FACTS, host_key="ssh-ed25519 KEY2")
    with pytest.raises(HostKeyChangedError):
        machine.update("server-1", made.properties, {**INPUTS, "address": "192.0.2.9"}, urn="u")


def test_the_probe_keeps_the_key_off_disk_and_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ssh reads the private key from memory through /proc, readable by this user only."""
    log = fake_ssh(tmp_path, monkeypatch)
    facts = probe(LOGIN, None)

    seen = json.loads(log.read_text())
    assert facts == MachineFacts("ssh-ed25519 SHOWN", "debian", "13", "Debian GNU/Linux 13 (trixie)")
    assert (seen["key"], seen["mode"]) == ("PRIVATE KEY", 0o600)
    assert not any("PRIVATE" in argument for argument in seen["argv"])
    assert "StrictHostKeyChecking=accept-new" in seen["argv"]
    assert seen["argv"][-4:-1] == ["-p", "2222", "admin@192.0.2.7"]


def test_the_probe_demands_the_pinned_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a pin ssh is told to accept that key only."""
    log = fake_ssh(tmp_path, monkeypatch)
    facts = probe(LOGIN, "ssh-ed25519 PINNED")

    seen = json.loads(log.read_text())
    assert seen["known"] == "server-1 ssh-ed25519 PINNED\n"
    assert "StrictHostKeyChecking=yes" in seen["argv"]
    assert facts.host_key == "ssh-ed25519 PINNED"


@pytest.mark.parametrize(
    ("error", "kind", "todo"),
    [
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nSHA256:" + "a" * 43 + "\n",
            HostKeyChangedError,
            "--accept-host-key server-1",
        ),
        (
            "admin@192.0.2.7: Permission denied (publickey).",
            LoginRefusedError,
            "echo 'ssh-ed25519 AAAA toolkit' >> ~admin/.ssh/authorized_keys",
        ),
        ("ssh: connect to host 192.0.2.7 port 2222: Connection refused", NotReachedError, "check power, network"),
        ("kex_exchange_identification: Connection closed by remote host", NotReachedError, "check power, network"),
    ],
)
def test_failures_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str, kind: type[SmartCommuneError], todo: str
) -> None:
    """A changed key, a refused log-in and a silent machine are three errors, each with its own remedy."""
    fake_ssh(tmp_path, monkeypatch, error)
    with pytest.raises(kind) as raised:
        probe(LOGIN, "ssh-ed25519 PINNED")

    assert raised.value.todo is not None
    assert todo in raised.value.todo.en
    assert raised.value.exit_code == (1 if kind is HostKeyChangedError else 4)
    assert "192.0.2.7" in raised.value.message.vi


def test_a_user_without_sudo_is_told_how_to_prepare_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let in, but not as root: that counts as not reached, with the lines that mend it."""
    fake_ssh(tmp_path, monkeypatch)
    program = tmp_path / "ssh"
    program.write_text(program.read_text() + 'sys.exit("sudo: a password is required")\n')
    with pytest.raises(LoginRefusedError, match="cannot use sudo and Python: sudo: a password is required") as raised:
        probe(LOGIN, None)

    assert raised.value.todo is not None
    assert "NOPASSWD: ALL' > /etc/sudoers.d/admin" in raised.value.todo.vi
