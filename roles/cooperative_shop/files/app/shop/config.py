"""What the commune's profile says about the shop, and its secrets, as the role writes them below ``/etc``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bank:
    """The account that VietQR transfers go to: NAPAS number of the bank, account, and its holder."""

    bin: str
    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Config:
    """One shop. Fees are in đồng; ``database_host`` is a name, or the folder of PostgreSQL's unix socket."""

    cooperative: str = "Hợp tác xã"
    domain: str = "localhost"
    commune_code: str = "01969"
    phone: str = ""
    email: str = "cua-hang@localhost"
    address: str = ""
    bank: Bank | None = None
    fee_commune: int = 15000
    fee_country: int = 35000
    database_name: str = "cooperative_shop"
    database_user: str = "cooperative_shop"
    database_host: str = "/run/postgresql"
    database_port: int = 5432
    database_tls: bool = False
    state: str = "/var/lib/cooperative_shop"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the shop alone may read; ``repr`` shows none of it. Without a password the database knows its account."""

    secret_key: str = field(repr=False)
    database_password: str = field(default="", repr=False)


def folder() -> Path:
    """Return ``$SHOP_FOLDER``, where ``settings.json`` and ``secrets.json`` are."""
    return Path(os.environ.get("SHOP_FOLDER", "/etc/cooperative_shop"))


def parse(data: dict[str, Any]) -> Config:
    """Return the configuration from its JSON form; raises TypeError when a key is unknown."""
    bank = data.get("bank")
    return Config(**{**data, "bank": Bank(**bank) if bank else None})


@cache
def load() -> Config:
    """Return the configuration; while a release is built there is none, and defaults serve.

    ``$SHOP_SETTINGS`` holds it where a plan asks what a change of it would lead to, before the file has it.
    """
    if os.environ.get("PYTHON_APP_BUILD"):
        return Config()
    planned = os.environ.get("SHOP_SETTINGS")
    return parse(json.loads(planned or (folder() / "settings.json").read_text(encoding="utf-8")))


@cache
def load_secrets() -> Secrets:
    """Return the secrets; while a release is built there are none, and nothing is signed."""
    if os.environ.get("PYTHON_APP_BUILD"):
        return Secrets("build")
    return Secrets(**json.loads((folder() / "secrets.json").read_text(encoding="utf-8")))
