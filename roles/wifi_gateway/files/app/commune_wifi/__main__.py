"""Commands: the two programs, and what staff and the toolkit do as root by ``commune-wifi``."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from datetime import datetime, timedelta, timezone

from commune_wifi.settings import DAY, VIETNAM, KeeperSettings, PortalSettings
from commune_wifi.sockets import ask
from commune_wifi.store import Store, StoreError, examine

KEEPER, PORTAL = "/etc/commune-wifi/keeper.json", "/etc/commune-wifi/portal.json"
HERE = timezone(timedelta(seconds=VIETNAM))


def moment(text: str) -> int:
    """Return a moment that was written in Viet Nam's time, or with its own offset."""
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=HERE)).timestamp())


def shown(seconds: object) -> str | None:
    """Return a moment as it is read in Viet Nam."""
    return datetime.fromtimestamp(int(str(seconds)), HERE).isoformat(timespec="seconds") if seconds else None


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    top = argparse.ArgumentParser(prog="commune-wifi", description="Wi-Fi của người dân / the citizens' Wi-Fi")
    verbs = top.add_subparsers(dest="verb", required=True)
    for verb in ("keeper", "portal"):
        verbs.add_parser(verb, help="chạy chương trình (systemd) / run the program (systemd)")
    verbs.add_parser("health", help="xem hai chương trình có chạy tốt / whether both programs work")
    make = verbs.add_parser("vouchers", help="tạo phiếu truy cập / make voucher codes")
    make.add_argument("--count", type=int, default=10, choices=range(1, 1001), metavar="1-1000")
    make.add_argument("--days", type=int, default=30, choices=range(1, 367), metavar="1-366")
    make.add_argument("--devices", type=int, default=1, choices=range(1, 101), metavar="1-100")
    log = verbs.add_parser("log", help="nhật ký cấp địa chỉ / the log of assignments")
    log.add_argument("--address")
    log.add_argument("--mac", type=str.lower)
    log.add_argument("--at", type=moment, help="2026-11-25T14:00, giờ Việt Nam / Viet Nam's time")
    end = verbs.add_parser("end", help="ngắt một thiết bị / end a device's session")
    end.add_argument("mac", type=str.lower)
    verbs.add_parser("prune", help="xóa nhật ký quá hạn / delete what is kept long enough")
    copy = verbs.add_parser("copy", help="sao cơ sở dữ liệu / copy the database")
    copy.add_argument("path")
    look = verbs.add_parser("examine", help="xem một bản sao có nguyên vẹn / whether a copy is whole")
    look.add_argument("path")
    return top


def health() -> None:
    """Raise SystemExit with words unless keeper and portal answer, and the log is not older than it may be."""
    settings = PortalSettings.load(PORTAL)
    try:
        answer = ask(settings.keeper, {"ask": "health"})
        if answer["state"] != "well":
            raise SystemExit(f"keeper: {answer['fault']}")
        connection = http.client.HTTPConnection(settings.address, 8910, timeout=5)
        connection.request("GET", "/", headers={"Host": settings.address})
        page = connection.getresponse()
        if page.status != 200 or b"<main>" not in page.read():
            raise SystemExit(f"portal: {page.status}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SystemExit(f"no answer: {error}") from error
    own = KeeperSettings.load(KEEPER)
    store = Store(own.database)
    oldest = store.oldest()
    store.close()
    if oldest is not None and oldest < time.time() - (own.log_days + 2) * DAY:
        raise SystemExit(f"the log has entries of {shown(oldest)}, older than {own.log_days} days")


def with_store(words: argparse.Namespace) -> None:
    """Do what needs the database."""
    settings, now = KeeperSettings.load(KEEPER), time.time()
    store = Store(settings.database)
    if words.verb == "vouchers":
        print("\n".join(store.make_vouchers(words.count, now, words.days, words.devices)))
    elif words.verb == "log":
        for entry in store.log(words.address, words.mac, words.at):
            entry["sessions"] = [_readable(session) for session in entry["sessions"]]  # type: ignore[attr-defined]
            print(json.dumps(_readable(entry), ensure_ascii=False))
    elif words.verb == "end":
        print(store.end_device(words.mac, now, "by staff"))
    elif words.verb == "prune":
        print(store.prune(now, settings.log_days))
    else:
        store.copy(words.path)
    store.close()


def _readable(entry: dict[str, object]) -> dict[str, object]:
    return {key: shown(value) if key in _MOMENTS else value for key, value in entry.items()}


_MOMENTS = ("since", "until", "accepted", "ended")


def main() -> None:
    """Run one command."""
    words = parser().parse_args()
    if words.verb == "keeper":
        from commune_wifi import keeper  # only what each program needs: the portal loads no database

        keeper.main(KEEPER)
    elif words.verb == "portal":
        from commune_wifi import portal

        portal.main(PORTAL)
    elif words.verb == "health":
        health()
    else:
        try:
            if words.verb == "examine":
                examine(words.path)
            else:
                with_store(words)
        except StoreError as error:
            sys.exit(str(error))


main()
