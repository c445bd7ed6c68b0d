"""The devices' part of a run: what is told while it goes on, what failed, and the checks that follow from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smartcommune.profile.devices import KEYED
from smartcommune.runs.events import Event, EventState
from smartcommune.text import Text
from smartcommune.verify.results import Check, CheckResult, HostReach, State, Verification

if TYPE_CHECKING:
    from smartcommune.devices.fleet import DeviceEvent, DeviceResult
    from smartcommune.site.models import Device, Site

SERVICE = "device"
_RUNNING = Text(vi="Cấu hình đang chạy đúng bản thiết kế", en="What runs is what was designed")
_SAVED = Text(vi="Cấu hình đã được lưu, còn nguyên sau khi mất điện", en="What runs is saved, and outlives a power cut")
_MET = Text(vi="Mật khẩu ban đầu của hãng đã được thay", en="The vendor's first password was replaced")
_DIFFERS = Text(vi="khác với thiết kế", en="differs from the design")
_NOT_SAVED = Text(vi="chưa được lưu", en="not saved")
_NOTHING_TO_SAVE = Text(vi="cấu hình đang chạy khác thiết kế", en="what runs is not what was designed")
_NOT_CHANGED = Text(vi="thiết bị chưa được áp dụng lần nào", en="the device has not been applied to yet")


def from_devices(event: DeviceEvent) -> Event:
    """Return what a device's thread told."""
    from smartcommune.devices.fleet import STEPS

    states: dict[str | None, EventState] = {None: "running", "unchanged": "done", "changed": "changed"}
    state = "started" if event.step == "look" else states.get(event.state, "failed")
    what: Text | str = STEPS.get(event.step, Text(vi="xong", en="done"))
    seconds = event.seconds if event.state is not None else None
    return Event("devices", state, event.device, what, SERVICE, seconds=seconds, message=event.message or "")


def from_checked_device(event: DeviceEvent) -> Event:
    """Return what a device's thread told while it was only looked at."""
    return replace(from_devices(event), stage="checks")


def with_devices(site: Site, seen: Verification, results: tuple[DeviceResult, ...]) -> Verification:
    """Return a verification with what was seen of the devices."""
    if not results:
        return seen
    reach = tuple(
        HostReach(name=each.device, reached=each.state != "not_reached", reason=each.message or "") for each in results
    )
    checks = tuple(check for each in results for check in _checks(site.device(each.device), each))
    return seen.model_copy(update={"hosts": (*seen.hosts, *reach), "results": (*seen.results, *checks)})


def nothing_seen() -> Verification:
    """Return a verification of no host."""
    return Verification(started=datetime.now(UTC).isoformat(timespec="seconds"), seconds=0, hosts=(), results=())


def _checks(device: Device, result: DeviceResult) -> tuple[CheckResult, ...]:
    """Return one result for each check of a device: nothing that was not seen passes."""
    looked = result.looked
    if looked is None:
        state: State = "not_reached" if result.state == "not_reached" else "failed"
        return tuple(_result(device, name, title, state, result.message or "") for name, title in _titles(device))
    differs = not looked.comparison.equal
    # whether what was designed outlives a power cut is a question only where it runs
    saved = ("skipped", _NOTHING_TO_SAVE) if differs else ("failed", _NOT_SAVED) if looked.unsaved else ("passed", "")
    seen: dict[str, tuple[Any, ...]] = {
        "running": ("failed", _DIFFERS, looked.comparison.diff) if differs else ("passed",),
        "saved": saved,
        "password": ("failed", _NOT_CHANGED) if looked.first_password else ("passed",),
    }
    return tuple(_result(device, name, title, *seen[name]) for name, title in _titles(device))


def _titles(device: Device) -> tuple[tuple[str, Text], ...]:
    titles: tuple[tuple[str, Text], ...] = (("running", _RUNNING), ("saved", _SAVED))
    return titles if device.platform in KEYED else (*titles, ("password", _MET))


def _result(
    device: Device, name: str, title: Text, state: State, reason: str | Text = "", detail: str = ""
) -> CheckResult:
    check = Check(id=f"{device.name}/{SERVICE}/{name}", host=device.name, service=SERVICE, title=title)
    return CheckResult(check=check, state=state, reason=reason, detail=detail)
