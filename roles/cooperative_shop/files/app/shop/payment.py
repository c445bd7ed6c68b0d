"""Ways to pay, and the transfer that an order asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop import config, vietqr

ON_DELIVERY, BY_TRANSFER = "cod", "vietqr"


@dataclass(frozen=True, slots=True)
class Method:
    """A way to pay: its code is kept with the order."""

    code: str
    name: str | Promise
    description: str | Promise


def methods() -> list[Method]:
    """Return the ways this shop offers: a transfer only when it has an account."""
    found = [Method(ON_DELIVERY, _("Cash on delivery"), _("Pay when you receive the goods."))]
    if config.load().bank:
        description = _("Scan a QR code with your bank's application after ordering.")
        found.append(Method(BY_TRANSFER, _("Bank transfer by VietQR"), description))
    return found


def method(code: str | None) -> Method | None:
    """Return the way by its code, or None when the shop does not offer it."""
    return next((one for one in methods() if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the buyer's bank needs: account, holder, amount in đồng, purpose; ``text`` is the QR code's."""

    bank: config.Bank
    amount: int
    purpose: str
    text: str


def transfer(order: Any) -> Transfer | None:
    """Return the transfer that ``order`` asks for, or None when it is paid otherwise, or cancelled."""
    from shop.settings.commerce import CANCELLED, DONE

    bank = config.load().bank
    codes = {source.source_type.code for source in order.sources.select_related("source_type")}
    if bank is None or BY_TRANSFER not in codes or order.status in {CANCELLED, DONE}:
        return None
    amount, purpose = int(order.total_incl_tax), f"DH {order.number}"
    return Transfer(bank, amount, purpose, vietqr.transfer(bank.bin, bank.account, amount, purpose))
