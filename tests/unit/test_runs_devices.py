"""The devices' stage of a run, its part of plan, verification, report and command line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from smartcommune.converge.results import ConvergeResult
from smartcommune.devices.fleet import DeviceEvent, DeviceResult
from smartcommune.devices.models import Comparison, Looked
from smartcommune.errors import PlanChangedError
from smartcommune.plan import make as making
from smartcommune.plan.devices import device_actions, device_failures, devices_digest, devices_unreached
from smartcommune.runs import devices as runs_devices
from smartcommune.runs.apply import Settings, apply, verify
from smartcommune.runs.layers import Layers
from smartcommune.site.models import Source
from smartcommune.targets.outputs import DeviceOutput
from smartcommune.text import Text
from tests.device_samples import make_device
from tests.unit import report_sample as sample
from tests.unit.run_fakes import FakeStack, World, all_passed

LINES = (Source("commune_profiles/vi-huong.yml", 9, "devices.switch-1"),)
SWITCH = make_device("huawei_vrp", name="switch-1", sources=LINES)
ROUTER = make_device("frr", name="router-1", address="10.20.6.201")
DIFF = "interface GigabitEthernet0/0/1\n  + port default vlan 102"


def looked(name, **changes):
    """Return a device as it was found: as designed, unless told otherwise."""
    values = {"comparison": Comparison((), ""), "running": "sysname x"}
    return Looked(name, **values | changes)


GOOD = DeviceResult("switch-1", "unchanged", 1.0, looked("switch-1"))
OTHER = DeviceResult("switch-1", "changed", 2.0, looked("switch-1", comparison=Comparison(("x",), DIFF)))
LOST = DeviceResult("switch-1", "not_reached", 1.0, None, Text(vi="im lặng", en="silent"), Text(vi="xem", en="look"))
FAILED = DeviceResult("switch-1", "failed", 1.0, None, Text(vi="từ chối", en="refused the line «x»"))


@pytest.fixture
def site():
    """The sample's Site with a switch."""
    return replace(sample.site(), devices=(SWITCH,))


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A world whose hosts are all well, its state in a temporary folder."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    world = World()
    world.provisioned, world.seen, world.up = True, all_passed(), ()
    return world


def layers(world, changed=(GOOD,), seen=(GOOD,)):
    """Return fakes of all layers; the devices answer with these results."""
    asked = {}

    def change(site, outputs, **options):
        asked["change"] = options
        world.calls.append(f"devices {options['limit']}")
        options["on_event"](DeviceEvent("switch-1", "look"))
        options["on_event"](DeviceEvent("switch-1", "done", changed[0].state, 1.0, changed[0].message))
        return changed

    def look(site, outputs, **options):
        options["on_event"](DeviceEvent("switch-1", "done", seen[0].state, 1.0))
        return seen

    def stack(site, **options):
        return FakeStack(world, site, **options)

    made = Layers(stack, world.converge, world.verify, change, look)
    return made, asked


def run(world, site, settings=None, **results):
    """Apply the Site to this world."""
    made, asked = layers(world, **results)
    events = []
    outcome = apply(site, sample.catalogue(), settings or Settings(), events.append, made)
    return outcome, events, asked


def test_devices_are_a_stage_after_the_hosts(world, site):
    """Machines, hosts, devices, checks, in this order; a device that changed is counted."""
    outcome, events, _ = run(world, site, changed=(OTHER,))

    assert [stage.name for stage in outcome.report.ran] == ["machines", "hosts", "devices", "checks"]
    assert outcome.changed_devices == 1
    assert outcome.exit_code == 0
    assert [event.state for event in events if event.stage == "devices"] == ["started", "changed"]


def test_a_commune_without_devices_has_no_such_stage(world):
    """Nothing is asked where nothing is declared."""
    outcome, _, asked = run(world, sample.site())

    assert "devices" not in [stage.name for stage in outcome.report.ran]
    assert asked == {}


@pytest.mark.parametrize(("result", "code"), [(FAILED, 1), (LOST, 4)])
def test_a_device_that_fails_or_is_silent_decides_the_exit_code(world, site, result, code):
    """The hosts and the checks go on; the end says what became of the device."""
    outcome, _, _ = run(world, site, changed=(result,), seen=(GOOD,))

    assert outcome.exit_code == code
    assert any("verify" in call for call in world.calls)
    told = outcome.failures if code == 1 else outcome.unreached
    assert told[-1].host == "switch-1"


def test_limit_names_devices_too(world, site):
    """A run limited to a device goes to no host, and one limited to a host to no device."""
    run(world, site, Settings(limit=("switch-1",)))
    assert world.calls[1:] == ["devices ('switch-1',)", "released"]

    world.calls.clear()
    run(world, site, Settings(limit=("server-1",)))
    assert not [call for call in world.calls if call.startswith("devices")]


def test_first_passwords_and_accepted_keys_reach_the_devices(world, site):
    """What was typed and what was accepted goes where it is needed, and shows in no representation."""
    settings = Settings(first_passwords={"switch-1": "typed-in"}, accept_host_keys=("switch-1",))
    _, _, asked = run(world, site, settings)

    assert asked["change"]["passwords"] == {"switch-1": "typed-in"}
    assert asked["change"]["accept"] == frozenset({"switch-1"})
    assert "typed-in" not in repr(settings)


def test_verification_counts_devices(world, site):
    """What runs, what is saved and the password are checks of their own, with the difference as their detail."""
    made, _ = layers(world, seen=(OTHER,))
    outcome = verify(site, sample.catalogue(), world.outputs, Settings(), lambda event: None, made)
    seen = {r.check.id: r for r in outcome.report.seen.results if r.check.host == "switch-1"}

    assert {name: each.state for name, each in seen.items()} == {
        "switch-1/device/running": "failed",
        "switch-1/device/saved": "skipped",
        "switch-1/device/password": "passed",
    }
    assert seen["switch-1/device/running"].detail == DIFF
    assert outcome.exit_code == 1


def test_what_was_not_seen_of_a_device_does_not_pass(world, site):
    """A silent device's checks are not reached; a first password that still opens is a failure."""
    made, _ = layers(world, seen=(LOST,))
    report = verify(site, sample.catalogue(), world.outputs, Settings(), lambda event: None, made).report
    states = {r.state for r in report.seen.results if r.check.host == "switch-1"}
    assert states == {"not_reached"}

    made, _ = layers(world, seen=(replace(GOOD, looked=looked("switch-1", first_password=True)),))
    report = verify(site, sample.catalogue(), world.outputs, Settings(), lambda event: None, made).report
    failed = [r.check.id for r in report.seen.results if r.check.host == "switch-1" and r.state == "failed"]
    assert failed == ["switch-1/device/password"]


def test_the_report_says_what_is_a_simulator(world, site):
    """In the lab the device is named a simulator, both where it is asked for and among what was not seen."""
    outcome, _, _ = run(world, replace(site, devices=(SWITCH, ROUTER)))
    report = outcome.report

    assert {device.name: device.simulator for device in report.asked.devices} == {"switch-1": True, "router-1": False}
    assert [each.host for each in report.not_seen if "simulator" in str(each.reason)] == ["switch-1"]
    page = outcome.files.html.read_text()
    assert "Thiết bị mạng" in page
    assert "(simulator)" in page


def test_actions_say_why_and_show_the_difference(site):
    """A device that differs, one never met, one unsaved, and one whose secret changed each have their reason."""
    cases = {
        "differs from the design": (OTHER, "update"),
        "met for the first time": (replace(GOOD, looked=looked("switch-1", first=True, first_password=True)), "create"),
        "what runs is not saved": (replace(GOOD, looked=looked("switch-1", unsaved=True)), "update"),
        "secrets on the device are to be set": (
            replace(GOOD, looked=looked("switch-1", secrets_due=("switch-1/device/snmp_auth",))),
            "update",
        ),
    }
    for reason, (result, kind) in cases.items():
        (action,) = device_actions(site, (result,), frozenset())
        assert (action.kind, action.reason.en, action.sources) == (kind, reason, LINES)
    assert device_actions(site, (OTHER,), frozenset())[0].detail == DIFF
    assert device_actions(site, (GOOD, LOST), frozenset()) == ()
    assert device_actions(site, (), frozenset({"switch-1"}))[0].kind == "create"
    assert device_failures((FAILED, GOOD))[0].message.en == "refused the line «x»"
    assert devices_unreached((LOST,))[0].todo.en == "look"


def test_plan_is_refused_when_a_device_moved_on(world, site, monkeypatch):
    """A saved plan holds only as long as the devices are as they were."""
    answers = [OTHER]
    monkeypatch.setattr(making, "look_at_devices", lambda *_, **__: tuple(answers))
    monkeypatch.setattr(making, "run_playbook", lambda *_, **__: ConvergeResult({}, (), 0.0))
    world.outputs = replace(world.outputs, devices={"switch-1": DeviceOutput("switch-1", "10.20.6.200", 22)})
    stack = FakeStack(world, site)
    plan = making.make_plan(site, sample.catalogue(), stack)

    assert [action.detail for action in plan.devices] == [DIFF]
    making.check_plan(plan, site, sample.catalogue(), stack)
    answers[0] = replace(OTHER, looked=looked("switch-1", comparison=Comparison(("y",), DIFF)))
    with pytest.raises(PlanChangedError):
        making.check_plan(plan, site, sample.catalogue(), stack)
    answers[0] = LOST
    silent = making.make_plan(site, sample.catalogue(), stack)
    assert "switch-1" in silent.not_reached


def test_equal_results_have_equal_digests(site):
    """The digest of the devices' part does not depend on the order of the answers."""
    other = replace(OTHER, device="switch-2")
    assert devices_digest((OTHER, other), ()) == devices_digest((other, OTHER), ())


def test_events_say_in_words_what_goes_on():
    """Each step has its words in both languages; a failure carries its message."""
    event = runs_devices.from_devices(DeviceEvent("switch-1", "verify"))
    failed = runs_devices.from_devices(DeviceEvent("switch-1", "done", "failed", 2.0, Text(vi="hỏng", en="broken")))

    assert (event.state, event.what.vi) == ("running", "vào lại và kiểm tra")
    assert (failed.state, failed.message.en, failed.seconds) == ("failed", "broken", 2.0)
    assert runs_devices.from_checked_device(DeviceEvent("switch-1", "look")).stage == "checks"


def test_a_report_with_devices_is_json(world, site):
    """The report's document has the devices and their results."""
    outcome, _, _ = run(world, site)

    document = json.loads(outcome.files.json.read_text())
    assert document["asked"]["devices"][0]["platform"] == "huawei_vrp"
