"""What would change on devices, as planned actions: the difference to what runs is their detail. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune.converge.results import HostFailure
from smartcommune.plan.models import Action, Unreached, digest
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.devices.fleet import DeviceResult
    from smartcommune.site.models import Device, Site

SECONDS = 10.0  # first estimate of one change; devices are worked on side by side
_FIRST = Text(vi="gặp lần đầu", en="met for the first time")
_UNSAVED = Text(vi="cấu hình đang chạy chưa được lưu", en="what runs is not saved")
_SECRETS = Text(vi="bí mật trên thiết bị cần đặt lại", en="secrets on the device are to be set")
_DIFFERS = Text(vi="khác với thiết kế", en="differs from the design")


def device_actions(site: Site, results: Iterable[DeviceResult], unmade: frozenset[str]) -> tuple[Action, ...]:
    """Return what would be done on devices; ``unmade`` are those that this apply makes first (simulators)."""
    found = {each.device: each for each in results}
    actions: list[Action] = []
    for device in site.devices:
        result = found.get(device.name)
        if device.name in unmade:
            actions.append(_action(device, "create", _FIRST, ""))
        elif result is not None and result.looked is not None and not result.looked.clean:
            looked = result.looked
            detail = "\n".join([looked.comparison.diff, *(f"+ ‹{name}›" for name in looked.secrets_apart)]).strip()
            reason = _reason(differs=not looked.comparison.equal, first=looked.first, unsaved=looked.unsaved)
            actions.append(_action(device, "create" if looked.first else "update", reason, detail))
    return tuple(actions)


def devices_digest(results: Iterable[DeviceResult], actions: Iterable[Action]) -> str:
    """Return the digest of what would be done on devices."""
    facts = {
        "actions": sorted([action.kind, action.subject.en, action.reason.en] for action in actions),
        "lines": sorted(
            [each.device, *each.looked.comparison.lines, *each.looked.secrets_due]
            for each in results
            if each.looked is not None
        ),
    }
    return digest(facts)


def _reason(*, differs: bool, first: bool, unsaved: bool) -> Text:
    parts = [each for each, holds in ((_FIRST, first), (_DIFFERS, differs), (_UNSAVED, unsaved)) if holds]
    parts = parts or [_SECRETS]
    return Text(vi="; ".join(each.vi for each in parts), en="; ".join(each.en for each in parts))


def _action(device: Device, kind: str, reason: Text, detail: str) -> Action:
    subject = Text(
        vi=f"thiết bị {device.name} ({device.platform}, {device.address})",
        en=f"device {device.name} ({device.platform}, {device.address})",
    )
    return Action("create" if kind == "create" else "update", subject, reason, device.sources, detail, SECONDS)


def device_failures(results: Iterable[DeviceResult]) -> tuple[HostFailure, ...]:
    """Return the devices that failed, as hosts' tasks are told."""
    return tuple(
        HostFailure(each.device, "device", "configuration", _with_advice(each))
        for each in results
        if each.state == "failed" and each.message is not None
    )


def devices_unreached(results: Iterable[DeviceResult]) -> tuple[Unreached, ...]:
    """Return the devices that were not reached."""
    return tuple(
        Unreached(each.device, each.message, each.todo)
        for each in results
        if each.state == "not_reached" and each.message is not None
    )


def _with_advice(result: DeviceResult) -> Text:
    message = result.message or Text(vi="", en="")
    if result.todo is None:
        return message
    return Text(vi=f"{message.vi} → {result.todo.vi}", en=f"{message.en} → {result.todo.en}")
