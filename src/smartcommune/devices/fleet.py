"""Many devices at once: each in its own thread, none waiting for another, the error of one no other's business."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from smartcommune.devices import flow
from smartcommune.errors import NotReachedError, SmartCommuneError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartcommune.devices.access import Target
    from smartcommune.devices.models import Looked

AT_ONCE = 50
State = Literal["unchanged", "changed", "failed", "not_reached"]

STEPS = {
    "look": Text(vi="đọc cấu hình", en="read the configuration"),
    "resume": Text(vi="xử lý thay đổi dở dang của lần trước", en="see to what the last run began"),
    "password": Text(vi="thay mật khẩu ban đầu", en="replace the first password"),
    "arm": Text(vi="đặt đường lùi", en="arm the way back"),
    "send": Text(vi="gửi thay đổi", en="send the change"),
    "verify": Text(vi="vào lại và kiểm tra", en="come in again and verify"),
    "confirm": Text(vi="xác nhận", en="confirm"),
    "save": Text(vi="lưu", en="save"),
}


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """What happens on a device: ``step`` is a key of STEPS while it goes on; ``state`` says how it ended."""

    device: str
    step: str
    state: State | None = None
    seconds: float = 0.0
    message: Text | None = None


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """How it went with one device. ``looked`` is the device as it was found, where it was."""

    device: str
    state: State
    seconds: float
    looked: Looked | None = None
    message: Text | None = None
    todo: Text | None = None


OnEvent = Callable[[DeviceEvent], None]


def look_all(targets: Iterable[Target], on_event: OnEvent | None = None) -> tuple[DeviceResult, ...]:
    """Look at all devices; those with something to do are ``changed``. Changes nothing on any."""

    def one(target: Target, tell: Callable[[str], None]) -> Looked:
        tell("look")
        return flow.look(target)

    return _all(targets, one, on_event)


def change_all(targets: Iterable[Target], on_event: OnEvent | None = None) -> tuple[DeviceResult, ...]:
    """Bring all devices to what is rendered, each under its own way back."""

    def one(target: Target, tell: Callable[[str], None]) -> Looked:
        tell("look")
        return flow.change(target, tell)

    return _all(targets, one, on_event)


def _all(
    targets: Iterable[Target],
    work: Callable[[Target, Callable[[str], None]], Looked],
    on_event: OnEvent | None,
) -> tuple[DeviceResult, ...]:
    chosen = tuple(targets)
    if not chosen:
        return ()
    tell = on_event or (lambda event: None)

    def one(target: Target) -> DeviceResult:
        began = time.monotonic()
        try:
            looked = work(target, lambda step: tell(DeviceEvent(target.name, step)))
        except SmartCommuneError as error:
            state: State = "not_reached" if isinstance(error, NotReachedError) else "failed"
            result = DeviceResult(target.name, state, time.monotonic() - began, message=error.message, todo=error.todo)
        else:
            state = "unchanged" if looked.clean else "changed"
            result = DeviceResult(target.name, state, time.monotonic() - began, looked)
        tell(DeviceEvent(target.name, "done", result.state, result.seconds, result.message))
        return result

    with ThreadPoolExecutor(min(AT_ONCE, len(chosen)), thread_name_prefix="device") as pool:
        return tuple(pool.map(one, chosen))
