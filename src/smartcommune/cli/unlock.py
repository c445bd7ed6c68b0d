"""``smartcommune unlock``: who holds a commune's lock, and asking that run to stop."""

from __future__ import annotations

import os
import signal
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of

if TYPE_CHECKING:
    from smartcommune.targets.lock import Holder

STOP_WAIT = timedelta(seconds=60)


def unlock(
    context: typer.Context, profile: options.Profile, target: options.Target = None, yes: options.Yes = False
) -> None:
    """Show who holds the commune's lock; ask that run to stop, and wait until the lock is free.

    The run ends as if interrupted there: the same command resumes it.
    """
    from smartcommune.cli.loading import load_commune
    from smartcommune.errors import LockedError
    from smartcommune.targets.lock import hold, load_holder

    session = of(context)
    path = load_commune(profile, target).folder / "lock"
    try:
        holder = load_holder(path) if path.exists() else None
        if path.exists():
            with hold(path):
                pass
    except PermissionError:  # what root made for the lab is root's
        from smartcommune.cli.privilege import become_root

        become_root(session)
        raise
    except LockedError:
        if holder is None:
            raise
        _stop(session, holder, yes=yes)
        with hold(path, wait=STOP_WAIT):
            pass
        session.result(session.text("Khóa đã được nhả.", "The lock is free."))
        session.document({"locked": False, "stopped": holder})
        return
    session.result(session.text("Không ai giữ khóa.", "Nobody holds the lock."))
    session.document({"locked": False, "stopped": None})


def _stop(session: Session, holder: Holder, *, yes: bool) -> None:
    from smartcommune.errors import LockedError
    from smartcommune.text import Text

    line = session.text(
        f"{holder.user} trên {holder.host} giữ khóa từ {holder.since}: {holder.command} (pid {holder.pid})",
        f"{holder.user} on {holder.host} holds the lock since {holder.since}: {holder.command} (pid {holder.pid})",
    )
    session.note(line)
    if holder.host != socket.gethostname():
        raise LockedError(
            Text(vi=f"khóa được giữ trên {holder.host}", en=f"the lock is held on {holder.host}"),
            todo=Text(vi=f"chạy lệnh này trên {holder.host}", en=f"run this command on {holder.host}"),
        )
    session.confirm(session.text("Dừng lượt chạy đó?", "Stop that run?"), yes=yes)
    try:
        os.kill(holder.pid, signal.SIGINT)
    except ProcessLookupError:
        return
    except PermissionError:
        from smartcommune.cli.privilege import become_root

        become_root(session)


COMMANDS = (unlock,)
