"""Power cuts of the server while guests order: no order is lost whose confirmation a buyer saw."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.guests import shop_of


class Orders(threading.Thread):
    """Guests who order one after the other until the power goes; ``confirmed`` are the numbers they were shown."""

    def __init__(self, shop):
        super().__init__()
        self._shop = shop
        self._end = threading.Event()
        self.confirmed = []

    def run(self):
        """Order until told to end; an order that the cut interrupts is not confirmed."""
        while not self._end.is_set():
            try:
                self.confirmed.append(self._shop.order())
            except (httpx.HTTPError, AssertionError):
                continue

    def end(self):
        """Stop ordering."""
        self._end.set()
        self.join()


@pytest.fixture
def shop(commune):
    """The shop, as from the office."""
    return shop_of(commune)


def test_no_confirmed_order_is_lost(commune, shop, rounds, moments):
    """Every order that a buyer saw confirmed before a power cut is in the database after it, and nothing is to mend."""
    confirmed = set()
    for _ in range(rounds):
        shop.wait_until_served()
        guests = Orders(shop)
        guests.start()
        guests.join(moments.uniform(1.0, 8.0))
        commune.lab.kill(shop.host, power=True)
        guests.end()
        confirmed |= set(guests.confirmed)
        commune.lab.start(shop.host)
        shop.wait_until_served()
        assert confirmed <= shop.orders()

    shop.remove_test_orders()
    commune.run(*commune.verb("apply"), "--yes")
    commune.run(*commune.verb("plan"), "--exit-code")
    assert len(confirmed) >= rounds
