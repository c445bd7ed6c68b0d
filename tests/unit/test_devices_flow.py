"""One device's change, against a device in memory: the order of steps, and every way in which it can go wrong."""

from __future__ import annotations

import json
import time

import pytest

from smartcommune.devices import flow
from smartcommune.devices.errors import (
    FirstPasswordError,
    LockedOutError,
    NotAsRenderedError,
    NoWayBackError,
    RefusedLineError,
)
from smartcommune.devices.fleet import change_all, look_all
from smartcommune.transports.ssh_probe import HostKeyChangedError, LoginRefusedError
from tests.device_samples import FIRST_PASSWORD, SECRETS, make_device, make_target
from tests.unit.device_fakes import MemoryDevice, MemoryPlatform

OURS = SECRETS["dev-1/device/password"]
WANTED = "name dev-1\nkey ‹dev-1/device/snmp_auth›\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No second is waited longer than needed."""
    monkeypatch.setattr(flow, "MARGIN", 0.0)
    monkeypatch.setattr(flow, "RETRY", 0.01)


@pytest.fixture
def device():
    """A device fresh from the factory."""
    return MemoryDevice()


@pytest.fixture
def target(device, tmp_path):
    """The same device as the flow sees it."""

    def make(**changes):
        values = {"platform": MemoryPlatform(), "wanted": WANTED, "connect": device.connect}
        return make_target(make_device("huawei_vrp"), tmp_path / "dev-1", **values | changes)

    return make


def record(target):
    """Return what is remembered of the device."""
    return target.keeper.load()


def test_first_contact_replaces_the_password_then_the_configuration(device, target):
    """Both are changes under a way back; afterwards the first password is dead, and nothing is left to do."""
    one = target()
    steps: list[str] = []
    found = flow.change(one, steps.append)

    assert found.first_password
    assert device.password == OURS
    assert device.running == device.saved == {"name dev-1", "key Authentication-key-1"}
    assert steps == [
        *("password", "arm", "send", "verify", "confirm", "save"),
        *("arm", "send", "verify", "confirm", "save"),
    ]
    assert record(one).host_key == device.host_key
    assert record(one).armed_until == 0
    assert flow.look(one).clean


def test_second_change_touches_nothing(device, target):
    """What is as designed is not armed, not sent, not saved."""
    flow.change(target(), lambda step: None)
    device.log.clear()
    found = flow.change(target(), lambda step: None)

    assert found.clean
    assert device.log == []


def test_each_configuration_seen_is_kept_once(device, target):
    """Before and after a change the configuration is kept, for root alone; the same one is not kept twice in a row."""
    one = target()
    for _ in range(3):
        flow.change(one, lambda step: None)

    kept = one.keeper.backups()
    assert [path.read_text().splitlines()[-1] for path in kept] == ["name factory", "name dev-1"]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert one.keeper.folder.stat().st_mode & 0o777 == 0o700


def test_nothing_secret_is_remembered(target):
    """The record says of secrets only whether they are the ones that were given."""
    one = target()
    flow.change(one, lambda step: None)
    text = (one.keeper.folder / "record.json").read_text()

    assert not [value for value in (*SECRETS.values(), FIRST_PASSWORD) if value in text]
    assert "dev-1/device/snmp_auth" in json.loads(text)["digests"][1]


def test_a_changed_secret_is_sent_again(device, target):
    """A secret with another value is due, although the device's configuration looks the same."""
    flow.change(target(), lambda step: None)
    other = target(secrets={**SECRETS, "dev-1/device/snmp_auth": "Another-key-22"})

    assert flow.look(other).secrets_due == ("dev-1/device/snmp_auth",)
    flow.change(other, lambda step: None)
    assert "key Another-key-22" in device.running


def test_refused_line_is_named_and_nothing_is_saved(device, target):
    """The line that the device does not take is in the error, without secrets; what was sent before it is undone."""
    device.password = OURS
    device.refuses = "key Authentication-key-1"
    with pytest.raises(RefusedLineError) as caught:
        flow.change(target(), lambda step: None)

    assert caught.value.line == "key ‹secret›"
    assert "Authentication-key-1" not in str(caught.value)
    assert device.log[-1] == "undo"
    assert device.running == device.saved == {"name factory"}


def test_what_does_not_become_as_rendered_is_undone(device, target):
    """A device that takes every line and does not do it is not confirmed."""
    device.password, device.ignores = OURS, "name dev-1"
    with pytest.raises(NotAsRenderedError, match=r"\+ name dev-1"):
        flow.change(target(), lambda step: None)

    assert "confirm" not in device.log
    assert device.saved == {"name factory"}


def test_without_a_way_back_nothing_is_changed(device, target):
    """A device that cannot be armed is left as it is, and is not remembered as armed."""
    device.password, device.can_arm = OURS, False
    with pytest.raises(NoWayBackError):
        flow.change(target(), lambda step: None)

    assert device.running == {"name factory"}
    assert record(target()).armed_until == 0


def test_a_change_that_locks_out_is_waited_for_and_told(device, target, monkeypatch):
    """When the way in is cut, the device undoes the change by itself, and when that was seen is said."""
    device.password, device.cuts = OURS, "name dev-1"
    ticks = iter(range(3))

    def pause(seconds):
        if next(ticks, None) is None:
            device.expire()

    monkeypatch.setattr(flow.time, "sleep", pause)
    with pytest.raises(LockedOutError) as caught:
        flow.change(target(), lambda step: None)

    assert caught.value.seconds is not None
    assert device.running == device.saved == {"name factory"}
    assert record(target()).armed_until == 0


def test_a_device_that_does_not_come_back_is_not_said_to_have(device, target):
    """Nothing is said to be undone that was not seen to be; the next run knows that something was begun."""
    device.password, device.cuts = OURS, "name dev-1"
    one = target(platform=MemoryPlatform(seconds=0))
    with pytest.raises(LockedOutError) as caught:
        flow.change(one, lambda step: None)

    assert caught.value.seconds is None
    assert record(one).armed_until > 0


class KilledError(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("at", ["send", "verify", "confirm", "save"])
def test_a_run_killed_at_any_step_is_finished_by_the_next(device, target, at):
    """Wherever the toolkit dies, the next run ends with the design running and saved, once."""
    device.password = OURS

    def die(step):
        if step == at:
            raise KilledError

    with pytest.raises(KilledError):
        flow.change(target(platform=MemoryPlatform(seconds=1)), die)
    steps: list[str] = []
    flow.change(target(platform=MemoryPlatform(seconds=1)), steps.append)

    assert device.running == device.saved == {"name dev-1", "key Authentication-key-1"}
    assert record(target()).armed_until == 0
    assert device.before is None
    assert "resume" in steps


def test_a_change_that_only_its_session_can_confirm_is_left_to_the_timer(device, target):
    """Where nobody else can take over, the next run waits until the device has gone back, and begins anew."""
    device.password = OURS

    def die(step):
        if step == "confirm":
            raise KilledError

    with pytest.raises(KilledError):
        flow.change(target(platform=MemoryPlatform(seconds=1, takeover=False)), die)
    device.log.clear()
    until = record(target()).armed_until
    device.expire()
    flow.change(target(), lambda step: None)

    assert time.time() >= until
    assert device.log[0] == "arm"
    assert device.saved == {"name dev-1", "key Authentication-key-1"}


def test_what_runs_and_is_not_saved_is_saved(device, target):
    """A run that died between confirming and saving left what a power cut would lose."""
    flow.change(target(), lambda step: None)
    device.saved = {"name factory"}
    device.log.clear()

    assert flow.look(target()).unsaved
    flow.change(target(), lambda step: None)
    assert device.log == ["save"]


def test_changed_host_key_stops_everything_until_it_is_accepted(device, target):
    """The key of the first contact is demanded ever after; a new one is taken only by name."""
    flow.change(target(), lambda step: None)
    device.host_key = "ssh-ed25519 QkJCQg=="

    with pytest.raises(HostKeyChangedError):
        flow.look(target())
    assert flow.look(target(accept=True)).secrets_due == ("dev-1/device/snmp_auth",)  # the new one was given none
    flow.change(target(accept=True), lambda step: None)
    assert record(target()).host_key == device.host_key
    assert flow.look(target()).clean


def test_a_key_that_is_known_from_elsewhere_is_demanded_from_the_first_contact(device, target):
    """The lab knows its simulators' keys: another one is refused at once, and a simulator made anew is taken."""
    with pytest.raises(HostKeyChangedError):
        flow.look(target(pin="ssh-ed25519 QkJCQg=="))
    flow.change(target(), lambda step: None)
    device.host_key = "ssh-ed25519 QkJCQg=="

    assert not flow.look(target(pin=device.host_key)).clean


def test_a_device_that_is_new_is_asked_with_its_first_password_alone(device, target):
    """A wrong try counts on many devices: ours is not tried before theirs."""
    flow.look(target())

    assert device.logins == [FIRST_PASSWORD]


def test_without_a_first_password_the_variable_is_named(device, target):
    """Who has not said the password of a new device is told where to say it."""
    with pytest.raises(FirstPasswordError) as caught:
        flow.look(target(first_password=None))

    assert "SMARTCOMMUNE_DEVICE_PASSWORD_DEV_1" in caught.value.todo.en


def test_a_wrong_password_is_told_with_advice(device, target):
    """A device that was met and knows neither password is not reached, and the advice names the variable."""
    flow.change(target(), lambda step: None)
    device.password = "changed by hand"
    with pytest.raises(LoginRefusedError) as caught:
        flow.look(target())

    assert "SMARTCOMMUNE_DEVICE_PASSWORD_DEV_1" in caught.value.todo.en
    assert caught.value.exit_code == 4


def test_errors_of_one_device_are_no_others_business(tmp_path):
    """Each device has its own result and its own events; one that is silent or refuses does not stop the rest."""
    devices = {name: MemoryDevice() for name in ("good", "silent", "stubborn")}
    devices["silent"].reachable = False
    devices["stubborn"].refuses = "name dev-1"
    targets = [
        make_target(
            make_device("huawei_vrp", name=name),
            tmp_path / name,
            platform=MemoryPlatform(),
            wanted="name dev-1\n",
            connect=each.connect,
        )
        for name, each in devices.items()
    ]
    events = []
    results = change_all(targets, events.append)

    assert {each.device: each.state for each in results} == {
        "good": "changed",
        "silent": "not_reached",
        "stubborn": "failed",
    }
    assert {event.device for event in events if event.state} == set(devices)
    assert look_all(targets[:1])[0].state == "unchanged"
    assert change_all([]) == ()
