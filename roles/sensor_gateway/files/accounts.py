#!/usr/bin/python3
"""Keep the accounts of the local broker: one a device, each with its own password and topics.

Passwords are derived from the key that the toolkit's state gave (/etc/sensor-gateway/key), so each device has its own,
and none stands anywhere in clear but in the device itself, in the collector's and in the radio's file. Without
arguments the files are brought to what accounts.json says, and the changed ones are printed; ``--check`` only prints
them. ``--show ID`` prints what a device is set up with.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import pwd
import sys
from pathlib import Path

ETC = Path("/etc/sensor-gateway")
AUTHORITY = Path("/usr/local/share/ca-certificates/commune-root.crt")
ROUNDS = 20_000  # of PBKDF2: the passwords are random, 144 bits


def password_of(key: bytes, user: str) -> str:
    """Return an account's password."""
    return base64.urlsafe_b64encode(hmac.digest(key, b"password\0" + user.encode(), "sha256")[:18]).decode()


def hash_of(key: bytes, user: str) -> str:
    """Return an account's line of mosquitto's password file, the same each time."""
    salt = hmac.digest(key, b"salt\0" + user.encode(), "sha256")[:12]
    digest = hashlib.pbkdf2_hmac("sha512", password_of(key, user).encode(), salt, ROUNDS)
    return f"{user}:$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def rules_of(accounts: list[dict[str, object]]) -> str:
    """Return mosquitto's access list."""
    lines = []
    for account in accounts:
        lines.append(f"user {account['user']}")
        lines += [f"topic {right} {topic}" for right in ("read", "write") for topic in account.get(right, [])]  # type: ignore[attr-defined]
        lines.append("")
    return "\n".join(lines)


def files_of(key: bytes, accounts: list[dict[str, object]], radio: str | None) -> dict[Path, tuple[str, str]]:
    """Return the content and the owner of each file."""
    users = [str(account["user"]) for account in accounts]
    files = {
        Path("/etc/mosquitto/commune.passwd"): ("".join(hash_of(key, user) + "\n" for user in users), "mosquitto"),
        Path("/etc/mosquitto/commune.acl"): (rules_of(accounts), "mosquitto"),
        ETC / "password": (password_of(key, "collector") + "\n", "root"),
    }
    if radio is not None:
        account = f"user=rtl_433,pass={password_of(key, 'rtl_433')}"
        line = f"output mqtt://127.0.0.1:1883,{account},events=rtl_433/events,retain=0\n"
        files[ETC / "rtl_433.conf"] = (radio + line, "root")
    return files


def access(owner: str) -> tuple[int, int, int]:
    """Return user, group and mode of a file: the broker wants to own what it reads, and nobody needs to write it."""
    account = pwd.getpwnam(owner)
    return account.pw_uid, account.pw_gid, 0o400


def differs(path: Path, content: str, owner: str) -> bool:
    """Return whether a file is not as it should be."""
    if not path.is_file():
        return True
    held = path.stat()
    return (held.st_uid, held.st_gid, held.st_mode & 0o777) != access(owner) or path.read_text(
        encoding="utf-8"
    ) != content


def write(path: Path, content: str, owner: str) -> None:
    """Put a file in place in one step, on the disk."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    user, group, mode = access(owner)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        os.fchown(file.fileno(), user, group)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def main() -> int:
    """Keep the files, or show one device's account."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which files would change")
    parser.add_argument("--show", metavar="ID", help="print what a device is set up with")
    options = parser.parse_args()
    key = (ETC / "key").read_bytes().strip()
    described = json.loads((ETC / "accounts.json").read_text(encoding="utf-8"))
    accounts = described["accounts"]
    if options.show:
        account = next((each for each in accounts if each["user"] == options.show), None)
        if account is None:
            print(f"no account {options.show}: {', '.join(each['user'] for each in accounts)}", file=sys.stderr)
            return 1
        authority = AUTHORITY.read_text(encoding="ascii")
        print(
            json.dumps(
                {**described["broker"], **account, "password": password_of(key, options.show), "authority": authority}
            )
        )
        return 0
    changed = [
        path for path, file in sorted(files_of(key, accounts, described.get("radio")).items()) if differs(path, *file)
    ]
    for path in changed:
        if not options.check:
            write(path, *files_of(key, accounts, described.get("radio"))[path])
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
