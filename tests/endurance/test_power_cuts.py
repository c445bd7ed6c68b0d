"""Power cuts of the server while guests order: no order is lost whose confirmation a buyer saw."""

from __future__ import annotations

import importlib.util
import sys
import threading
import time

import httpx
import pytest

from smartcommune import paths
from smartcommune.verify.web import Route, client, visitor_zone

WAIT = 120.0


def load_checks():
    """Return the shop's own flow checks, whose buyer orders here."""
    path = paths.checkout() / "roles" / "cooperative_shop" / "checks" / "test_flow_order.py"
    spec = importlib.util.spec_from_file_location("shop_checks", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Orders(threading.Thread):
    """Guests who order one after the other until the power goes; ``confirmed`` are the numbers they were shown."""

    def __init__(self, base, open_client):
        super().__init__()
        self._base = base
        self._client = open_client
        self._checks = load_checks()
        self._end = threading.Event()
        self.confirmed = []

    def run(self):
        """Order until told to end; an order that the cut interrupts is not confirmed."""
        while not self._end.is_set():
            try:
                with self._client() as web:
                    buyer = self._checks.Buyer(web, self._base)
                    self.confirmed.append(self._checks.place_order(buyer).number)
            except (httpx.HTTPError, AssertionError):
                continue

    def end(self):
        """Stop ordering."""
        self._end.set()
        self.join()


@pytest.fixture
def shop(commune):
    """The shop's endpoint and a function that opens a guest's browser to it, as from the office."""
    endpoint = next(each for each in commune.site.endpoints if each.service == "cooperative_shop")
    host = commune.outputs.hosts[endpoint.host]
    zones = next(r.zones for r in commune.site.host(endpoint.host).inbound if r.port == 443)
    visitor = commune.lab.visitor(visitor_zone(zones), near=host.address)
    routes = {endpoint.name: Route(host.address, visitor.netns, visitor.address)}
    return endpoint, lambda: client(routes, commune.outputs.ca_certificate)


def wait_until_served(endpoint, open_client):
    """Wait until the shop answers again."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        try:
            with open_client() as web:
                if web.get(f"https://{endpoint.name}/health").status_code == 200:
                    return
        except httpx.HTTPError:
            continue
    pytest.fail(f"the shop did not answer within {WAIT:.0f} s of the machine's start")


def kept_orders(commune, host):
    """Return the numbers of all orders in the database."""
    query = "SELECT number FROM order_order"
    return set(commune.on(host, f"runuser -u postgres -- psql -d cooperative_shop -Atc '{query}'").split())


def test_no_confirmed_order_is_lost(commune, shop, rounds, moments):
    """Every order that a buyer saw confirmed before a power cut is in the database after it, and nothing is to mend."""
    endpoint, open_client = shop
    confirmed = set()
    for _ in range(rounds):
        wait_until_served(endpoint, open_client)
        guests = Orders(f"https://{endpoint.name}", open_client)
        guests.start()
        guests.join(moments.uniform(1.0, 8.0))
        commune.lab.kill(endpoint.host, power=True)
        guests.end()
        confirmed |= set(guests.confirmed)
        commune.lab.start(endpoint.host)
        wait_until_served(endpoint, open_client)
        assert confirmed <= kept_orders(commune, endpoint.host)

    commune.on(endpoint.host, "/usr/local/sbin/cooperative_shop-manage remove_test_orders")
    commune.run(*commune.verb("apply"), "--yes")
    commune.run(*commune.verb("plan"), "--exit-code")
    assert len(confirmed) >= rounds
