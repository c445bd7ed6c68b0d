"""A machine that burned down: made anew, it gets its data from a backup that was carried away in time."""

from __future__ import annotations

import subprocess

from tests.guests import shop_of


def carry(commune, host, command, content=None):
    """Run ``command`` on a machine with ``content`` as its input; return what it wrote, as bytes."""
    argv = commune.lab.shell_argv(host, command)
    return subprocess.run(argv, input=content, stdout=subprocess.PIPE, check=True).stdout


def test_data_come_back_on_a_new_machine(commune):
    """Orders and records of the lost machine are on the new one, every check passes, and nothing is left to mend."""
    shop = shop_of(commune)
    order = shop.order()
    stamp = commune.document(*commune.verb("backup"))["stamp"]
    carried = carry(commune, shop.host, "tar --directory=/var/backups --create commune")
    commune.lab.destroy_machine(shop.host)
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    assert order not in shop.orders()

    carry(commune, shop.host, "tar --directory=/var/backups --extract", carried)
    commune.run(*commune.verb("restore"), "--yes", "--stamp", stamp)
    restored = shop.orders()
    shop.remove_test_orders()
    verified = commune.document(*commune.verb("verify"))
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert order in restored
    assert verified["summary"]["failed"] == verified["summary"]["not_reached"] == 0
    assert set(again["changed"].values()) == {0}
