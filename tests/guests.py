"""Guests of a standing commune's shop: the buyer of the shop's own flow checks, let in as an ordinary visitor is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import pytest

from smartcommune import paths
from smartcommune.verify.web import Route, client, visitor_zone
from tests.plugin_files import load_file

WAIT = 120.0
MANAGE = "/usr/local/sbin/cooperative_shop-manage"


def load_checks() -> ModuleType:
    """Return the shop's own flow checks, whose buyer orders here."""
    path = paths.checkout() / "roles" / "cooperative_shop" / "checks" / "test_flow_order.py"
    return load_file(path, "shop_checks")


@dataclass(frozen=True)
class Shop:
    """The shop of a commune: its host, its address, and ``open`` for a guest's browser."""

    commune: Any
    host: str
    base: str
    open: Callable[[], httpx.Client]

    def order(self) -> str:
        """Place a test order; return the number that the guest was shown."""
        checks = load_checks()
        with self.open() as web:
            number: str = checks.place_order(checks.Buyer(web, self.base)).number
        return number

    def orders(self) -> set[str]:
        """Return the numbers of all orders in the database."""
        query = "SELECT number FROM order_order"
        return set(
            self.commune.on(self.host, f"runuser -u postgres -- psql -d cooperative_shop -Atc '{query}'").split()
        )

    def remove_test_orders(self) -> None:
        """Remove what guests ordered here."""
        self.commune.on(self.host, f"{MANAGE} remove_test_orders")

    def wait_until_served(self) -> None:
        """Wait until the shop answers again."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            try:
                with self.open() as web:
                    if web.get(f"{self.base}/health").status_code == httpx.codes.OK:
                        return
            except httpx.HTTPError:
                continue
        pytest.fail(f"the shop did not answer within {WAIT:.0f} s")


def shop_of(commune: Any) -> Shop:
    """Return the shop, as seen from where ordinary visitors are."""
    endpoint = next(each for each in commune.site.endpoints if each.service == "cooperative_shop")
    host = commune.outputs.hosts[endpoint.host]
    zones = next(rule.zones for rule in commune.site.host(endpoint.host).inbound if rule.port == 443)
    visitor = commune.lab.visitor(visitor_zone(zones), near=host.address)
    routes = {endpoint.name: Route(host.address, visitor.netns, visitor.address)}
    authority = commune.outputs.ca_certificate
    return Shop(commune, endpoint.host, f"https://{endpoint.name}", lambda: client(routes, authority))
