"""Netmiko against the simulators: whole changes over SSH, refused lines, wrong passwords, changed keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smartcommune.devices import flow
from smartcommune.devices.errors import RefusedLineError
from smartcommune.devices.models import MASK
from smartcommune.site.models import DevicePort
from smartcommune.transports.ssh_probe import HostKeyChangedError, LoginRefusedError
from tests.device_samples import FIRST_PASSWORD, SECRETS, UPLINKS, make_device, make_target

KINDS = [("huawei_vrp", ""), ("huawei_vrp", "one-phase"), ("cisco_ios", ""), ("mikrotik_routeros", "")]
UNKNOWN_PORTS = {"huawei_vrp": "GigabitEthernet0/0/99", "cisco_ios": "GigabitEthernet1/0/99"}


def stood(request, stand, folder, password):
    """Return a simulator that comes with this password, and what is needed to work on it."""
    platform, variant = request.param
    simulator, port = stand.stand(platform, folder / "simulator", variant=variant, password=password)
    return simulator, make_target(make_device(platform), folder / "dev-1", port)


def name_of(kind):
    """Return a kind's name."""
    return "-".join(filter(None, kind))


@pytest.fixture(params=KINDS, ids=name_of)
def fresh(request, stand, tmp_path):
    """A simulator fresh from the factory."""
    return stood(request, stand, tmp_path, FIRST_PASSWORD)


@pytest.fixture(params=KINDS, ids=name_of)
def standing(request, stand, tmp_path):
    """A simulator that has our password already, which saves a change."""
    return stood(request, stand, tmp_path, SECRETS["dev-1/device/password"])


def change(target):
    """Change the device; return the steps."""
    steps: list[str] = []
    flow.change(target, steps.append)
    return steps


def test_first_change_second_change_and_power_cut(fresh):
    """The design runs, is saved, outlives a restart; the first password is dead; a second change does nothing."""
    simulator, target = fresh
    assert change(target).count("confirm") == 2
    looked = flow.look(target)

    assert looked.clean, looked.comparison.diff
    assert simulator.memory["passwords"]["admin"] == SECRETS["dev-1/device/password"]
    assert change(target) == []
    simulator.start()  # what is kept is all that there is after a power cut
    assert flow.look(target).clean


def test_no_secret_is_shown_or_kept_in_clear(standing):
    """Neither the difference nor the kept configurations nor the record has a secret's value."""
    simulator, target = standing
    diff = flow.look(target).comparison.diff
    change(target)
    kept = "".join(path.read_text() for path in target.keeper.folder.rglob("*.*"))

    assert not [value for value in (*SECRETS.values(), FIRST_PASSWORD) if value in diff + kept]
    assert MASK in diff or simulator.platform == "cisco_ios"


def test_drift_made_by_hand_is_seen_and_mended(standing):
    """Somebody switches a port of ours off and a plain protocol on: both are seen, and undone by the next change."""
    simulator, target = standing
    change(target)
    line = simulator.command_line()
    by_hand = {
        "huawei_vrp": ["system-view", "telnet server enable", "interface GigabitEthernet0/0/1", "shutdown", "commit"],
        "cisco_ios": ["configure terminal", "ip http server", "interface GigabitEthernet1/0/1", "shutdown", "end"],
        "mikrotik_routeros": [
            "/ip service set telnet disabled=no",
            "/interface bridge port set [ find interface=ether2 ] disabled=yes",
        ],
    }
    for typed in by_hand[simulator.platform]:
        line.feed(typed)
    seen = flow.look(target)

    assert not seen.comparison.equal
    assert len(seen.comparison.diff.splitlines()) >= 2
    change(target)
    assert flow.look(target).clean


def test_wrong_password_is_told_and_nothing_tried_further(standing):
    """A device that knows neither password is not reached; the advice says what to do."""
    simulator, target = standing
    change(target)
    simulator.memory["passwords"]["admin"] = "changed-by-hand"

    with pytest.raises(LoginRefusedError) as caught:
        flow.look(target)
    assert "SMARTCOMMUNE_DEVICE_PASSWORD_DEV_1" in caught.value.todo.en
    change(replace(target, first_password="changed-by-hand"))
    assert simulator.memory["passwords"]["admin"] == SECRETS["dev-1/device/password"]


def test_changed_host_key_is_refused_before_the_password_is_said(standing, stand, tmp_path):
    """Another device at the same address gets no password; with the key accepted by name it is configured."""
    _, target = standing
    change(target)
    other, port = stand.stand(target.device.platform, tmp_path / "other", password=SECRETS["dev-1/device/password"])
    heard: list[str] = []
    other.check_password = lambda user, password: bool(heard.append(password))

    with pytest.raises(HostKeyChangedError, match="SHA256:"):
        flow.look(replace(target, port=port))
    assert heard == []
    del other.check_password
    change(replace(target, port=port, accept=True))
    assert flow.look(replace(target, port=port)).clean


def test_a_refused_line_is_named_and_nothing_is_saved(stand, standing):
    """A port that the device does not have: its line is named, what was saved stays as it was."""
    simulator, target = standing
    change(target)
    before = {key: str(value) for key, value in simulator.memory.items() if key in ("saved", "config")}
    if simulator.platform == "mikrotik_routeros":
        bad = replace(target, wanted=target.wanted + "/ip dns set servres=10.20.6.1\n")
        named = "/ip dns set servres=10.20.6.1"
    else:
        port = DevicePort(UNKNOWN_PORTS[simulator.platform], "access", "office", enabled=True, description=None)
        device = replace(target.device, ports=(*target.device.ports, port))
        bad, named = make_target(device, target.keeper.folder, target.port), f"interface {port.name}"

    with pytest.raises(RefusedLineError) as caught:
        change(bad)
    assert caught.value.line == named
    if simulator.platform != "mikrotik_routeros":
        assert {key: str(simulator.memory[key]) for key in before} == before


def test_what_is_not_ours_stays(standing):
    """Ports, accounts and entries that the profile does not declare are as they were."""
    simulator, target = standing
    line = simulator.command_line()
    by_hand = {
        "huawei_vrp": ["system-view", "interface GigabitEthernet0/0/7", "description cua nguoi khac", "commit"],
        "cisco_ios": ["configure terminal", "interface GigabitEthernet1/0/7", "description cua nguoi khac", "end"],
        "mikrotik_routeros": ["/ip address add address=192.0.2.1/24 interface=ether9"],
    }
    for typed in by_hand[simulator.platform]:
        line.feed(typed)
    change(target)
    running = flow.look(target).running

    assert "cua nguoi khac" in running or "192.0.2.1/24" in running
    assert UPLINKS[simulator.platform] in running
