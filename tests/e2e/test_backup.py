"""What was saved comes back: an order that was lost after a backup is there again, and nothing is left to mend."""

from __future__ import annotations

import pytest

from tests.guests import shop_of


@pytest.fixture
def shop(commune):
    """The shop; what guests ordered is removed at the end."""
    shop = shop_of(commune)
    yield shop
    shop.remove_test_orders()


def test_lost_order_comes_back(commune, shop):
    """The order is back, the one after the backup is gone, the shop sells, and the next apply changes nothing."""
    saved = shop.order()
    stamp = commune.document(*commune.verb("backup"))["stamp"]
    later = shop.order()
    shop.remove_test_orders()
    assert not {saved, later} & shop.orders()

    commune.run(*commune.verb("restore"), "--yes", "--stamp", stamp)
    restored = shop.orders()
    fresh = shop.order()
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert saved in restored
    assert later not in restored
    assert fresh in shop.orders()
    assert set(again["changed"].values()) == {0}


def test_a_restore_that_cannot_be_changes_nothing(commune, shop):
    """A stamp that no backup carries is refused before anything is touched, and is not called restored."""
    order = shop.order()
    refused = commune.run(*commune.verb("restore"), "--yes", "--stamp", "20200101T000000Z", codes=(1,))

    assert "Restored from backup" not in refused.stdout
    assert order in shop.orders()
