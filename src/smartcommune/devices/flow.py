"""One device: look at it, and change it under an armed way back.

fetch → back up → diff → arm → send → come in again and verify → confirm → save. Cut anywhere, the device goes back by
itself or the next run finishes: what was begun is recorded before the device is touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from smartcommune.devices import record as records
from smartcommune.devices.access import variable_of
from smartcommune.devices.errors import (
    DeviceError,
    FirstPasswordError,
    LockedOutError,
    NotAsRenderedError,
)
from smartcommune.devices.models import Armed, Looked, conceal, mark, marks
from smartcommune.errors import NotReachedError, SmartCommuneError
from smartcommune.text import Text
from smartcommune.transports.ssh_probe import HostKeyChangedError, LoginRefusedError

if TYPE_CHECKING:
    from smartcommune.devices.access import Target
    from smartcommune.devices.record import Record
    from smartcommune.transports.netmiko import Session

MARGIN = 8.0  # seconds before the device's own deadline in which nothing is confirmed any more
RETRY = 1.0
Tell = Callable[[str], None]


def look(target: Target) -> Looked:
    """Return the device as it is, its configuration backed up. Changes nothing on the device.

    Raises NotReachedError (FirstPasswordError among these), HostKeyChangedError or DeviceError.
    """
    known = target.keeper.load()
    session, password = _enter(target, known)
    with session:
        return _look(target, _of_this_device(known, session), session, password)


def change(target: Target, tell: Tell) -> Looked:
    """Bring the device to what is rendered; return it as it was found. ``tell`` is told each step.

    Raises as :func:`look`, and DeviceError for what the device did not take or did not keep.
    """
    known = _finish(target, target.keeper.load(), tell)
    session, password = _enter(target, known)
    try:
        known = _of_this_device(known, session)
        found = _look(target, known, session, password)
        known = target.keeper.keep(known, host_key=session.host_key)
        if found.first_password:
            tell("password")
            lines = target.platform.password_lines(target.device, mark(target.password_id))
            known = _armed_change(target, known, session, lines, None, tell)
            session.close()
            session, _ = _enter(target, known)
        if found.comparison.lines or found.secrets_due:
            _armed_change(target, known, session, _lines(target, found), target.wanted, tell)
        elif found.unsaved:
            tell("save")
            target.platform.save(session)
            target.keeper.keep(known, confirmed=records.configuration_digest(target.wanted))
    finally:
        session.close()
    return found


def _enter(target: Target, known: Record) -> tuple[Session, str | None]:
    """Log in by what the device should know, else by what it came with; return the session and what opened it.

    A device that was never met is asked with its first password alone, where there is one: a wrong try counts.
    """
    pin = target.pin or (None if target.accept else known.host_key or None)
    ours = target.secrets.get(target.password_id)
    if target.platform.keyed:
        try:
            return target.connect(target.login(pin, None)), None
        except LoginRefusedError as error:
            raise LoginRefusedError(error.message, todo=_by_key(target)) from error
    met = dict(known.digests).get(target.password_id) is not None
    tries = [ours, target.first_password] if met else [target.first_password, ours]
    refused: LoginRefusedError | None = None
    for password in (each for each in tries if each is not None):
        try:
            return target.connect(target.login(pin, password)), password
        except LoginRefusedError as error:
            refused = error
    if refused is None or (target.first_password is None and not met):
        raise FirstPasswordError(target.name, variable_of(target.name)) from refused
    raise LoginRefusedError(refused.message, todo=_by_password(target)) from refused


def _of_this_device(known: Record, session: Session) -> Record:
    """Return what is remembered, which is nothing of a device that took another one's place."""
    return known if known.host_key in ("", session.host_key) else records.Record()


def _look(target: Target, known: Record, session: Session, password: str | None) -> Looked:
    fetched = target.platform.fetch(session)
    target.keeper.back_up(fetched.running)
    comparison = target.platform.compare(target.device, fetched.running, target.wanted)
    if fetched.saved is not None:
        unsaved = not target.platform.compare(target.device, fetched.saved, target.wanted).equal
    else:
        unsaved = known.confirmed != records.configuration_digest(target.wanted)
    return Looked(
        target.name,
        comparison,
        fetched.running,
        session.host_key,
        unsaved=comparison.equal and unsaved,
        secrets_due=records.due(known, marks(target.wanted), target.secrets),
        first=not known.host_key,
        first_password=not target.platform.keyed and password != target.secrets.get(target.password_id),
    )


def _lines(target: Target, found: Looked) -> tuple[str, ...]:
    """Return what is to be sent: the differences, and the secrets that they do not carry already."""
    return (*found.comparison.lines, *target.platform.secret_lines(target.wanted, found.secrets_apart))


def _armed_change(
    target: Target, known: Record, session: Session, lines: tuple[str, ...], wanted: str | None, tell: Tell
) -> Record:
    """Arm, send, come in again, verify, confirm, save; return the record. ``wanted`` None: coming in is the proof."""
    platform = target.platform
    tell("arm")
    # recorded first: from here on the device may be in another state than any that was confirmed
    known = target.keeper.keep(known, armed_until=time.time() + platform.undo_seconds + 2 * MARGIN, armed_mode="?")
    try:
        armed = platform.arm(session)
    except DeviceError:
        target.keeper.keep(known, armed_until=0.0)
        raise
    known = target.keeper.keep(
        known, armed_until=time.time() + armed.seconds, armed_mode=armed.mode, armed_takeover=armed.takeover
    )
    began = time.monotonic()
    tell("send")
    try:
        platform.send(session, lines, target.secrets, target.name)
        platform.commit(session, armed)
    except NotReachedError as error:
        raise _locked_out(target, known, armed, began, error) from error
    except SmartCommuneError:
        _undo(target, known, session, armed)
        raise
    tell("verify")
    try:
        second = _come_in_again(target, known, began + armed.seconds - MARGIN)
    except SmartCommuneError as error:
        session.close()
        raise _locked_out(target, known, armed, began, error) from error
    with second:
        if wanted is not None:
            left = platform.compare(target.device, platform.fetch(second).running, wanted)
            if not left.equal:
                _undo(target, known, second if armed.takeover else session, armed)
                raise NotAsRenderedError(target.name, conceal(left.diff))
        tell("confirm")
        platform.confirm(session, second, armed)
        tell("save")
        platform.save(second)
        target.keeper.back_up(platform.fetch(second).running)
    sent = marks("\n".join(lines))
    done = records.given(known, sent, target.secrets)
    confirmed = known.confirmed if wanted is None else records.configuration_digest(wanted)
    return target.keeper.keep(done, armed_until=0.0, armed_mode="", confirmed=confirmed)


def _come_in_again(target: Target, known: Record, until: float) -> Session:
    """Return a new session by what the device should know now; raises the last error when the time is over."""
    login = target.login(target.pin or known.host_key, target.secrets.get(target.password_id))
    while True:
        try:
            return target.connect(login)
        except NotReachedError:
            if time.monotonic() + RETRY > until:
                raise
            time.sleep(RETRY)


def _undo(target: Target, known: Record, session: Session, armed: Armed) -> None:
    """Take the change back at once where the device can; the timer does it otherwise, and the next run waits for it."""
    with suppress(NotReachedError):
        if target.platform.undo(session, armed):
            target.keeper.keep(known, armed_until=0.0)


def _locked_out(target: Target, known: Record, armed: Armed, began: float, cause: SmartCommuneError) -> LockedOutError:
    """Wait until the device has undone the change by itself, and say when that was seen."""
    back = _wait_back(target, known, began + armed.seconds + target.platform.undo_seconds)
    if back:
        target.keeper.keep(known, armed_until=0.0)
    return LockedOutError(target.name, time.monotonic() - began if back else None, cause)


def _wait_back(target: Target, known: Record, until: float) -> bool:
    """Wait until the device lets the toolkit in again by what it knew before; return whether it did."""
    while True:
        try:
            _enter(target, known)[0].close()
        except HostKeyChangedError:
            return False
        except NotReachedError:
            if time.monotonic() > until:
                return False
            time.sleep(RETRY)
        else:
            return True


def _finish(target: Target, known: Record, tell: Tell) -> Record:
    """See to a change that an earlier run began: confirm it if it is what is wanted now, else have it undone."""
    if not known.armed_until:
        return known
    tell("resume")
    deadline = time.monotonic() + known.armed_until - time.time() + target.platform.undo_seconds
    armed = Armed(known.armed_mode, 0, takeover=known.armed_takeover)
    if known.armed_takeover and known.armed_mode != "?" and time.time() < known.armed_until - MARGIN:
        with suppress(NotReachedError), _enter(target, known)[0] as session:
            if target.platform.compare(target.device, target.platform.fetch(session).running, target.wanted).equal:
                target.platform.confirm(session, session, armed)
                target.platform.save(session)
                confirmed = records.configuration_digest(target.wanted)
                return target.keeper.keep(known, armed_until=0.0, armed_mode="", confirmed=confirmed)
            if target.platform.undo(session, armed):
                return target.keeper.keep(known, armed_until=0.0, armed_mode="")
    while time.time() < known.armed_until:  # the device's own timer has the last word
        time.sleep(min(RETRY, max(0.0, known.armed_until - time.time())))
    _wait_back(target, known, deadline)
    return target.keeper.keep(known, armed_until=0.0, armed_mode="")


def _by_key(target: Target) -> Text:
    public = target.public_key
    return Text(
        vi=f"trên thiết bị, cho tài khoản {target.device.user} nhận khóa SSH này, rồi chạy lại: {public}",
        en=f"on the device, let the account {target.device.user} in by this SSH key, then run again: {public}",
    )


def _by_password(target: Target) -> Text:
    name = variable_of(target.name)
    return Text(
        vi=f"mật khẩu đã bị đổi ngoài bộ công cụ? Đặt mật khẩu hiện có vào {name} rồi chạy lại; nó sẽ được thay",
        en=f"was the password changed by hand? Put the present one in {name} and run again; it is replaced",
    )
