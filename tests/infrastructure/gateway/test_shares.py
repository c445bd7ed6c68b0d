"""One client cannot take the link: zones keep their share, clients of a zone have equal parts. Ratios only."""

from __future__ import annotations

import contextlib
import logging
import threading
import time

import pytest

from tests.infrastructure.gateway.clients import planted
from tests.infrastructure.gateway.internet import CHUNK, PORT, SINK, STREAM

LOG = logging.getLogger(__name__)
ROUTER = "gateway-1"
SECONDS = 6.0
GREEDY = 8  # connections of one who wants it all


@pytest.fixture(scope="module")
def clients(commune, internet):
    """A computer in the office and two phones in the Wi-Fi zone, which is let out for these tests by hand."""
    with planted(commune, ("forward", 'iifname "wifi" oifname "wan" accept')), contextlib.ExitStack() as stack:
        # addresses whose clients fall into different classes: a class is a client's until there are very many
        yield tuple(
            stack.enter_context(commune.lab.station(zone, site="ubnd", address=address))
            for zone, address in (("office", "10.20.2.61"), ("wifi", "10.20.4.61"), ("wifi", "10.20.4.62"))
        )


def transfer(wish, internet, plans):
    """Return the bytes that each station moved in the same seconds; ``plans`` are (station, number of connections)."""
    moved, over, ready = [0] * len(plans), threading.Event(), threading.Barrier(sum(count for _, count in plans) + 1)

    def work(index, station):
        with contextlib.suppress(OSError), station.connect(internet.address, PORT) as made:
            made.settimeout(SECONDS)
            made.sendall(wish)
            ready.wait(timeout=10)
            while not over.is_set():
                done = len(made.recv(len(CHUNK))) if wish == STREAM else made.send(CHUNK)
                if not done:
                    return
                moved[index] += done

    threads = [
        threading.Thread(target=work, args=(index, station))
        for index, (station, count) in enumerate(plans)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    ready.wait(timeout=10)
    time.sleep(SECONDS)
    result = list(moved)
    LOG.info("Mbit/s: %s", [round(each * 8 / SECONDS / 1e6, 2) for each in result])
    over.set()
    for thread in threads:
        thread.join()
    return result


@pytest.mark.parametrize("wish", [STREAM, SINK], ids=["download", "upload"])
def test_citizens_leave_the_office_its_link(clients, internet, wish):
    """Against many connections of the Wi-Fi zone, one connection of the office gets more than all of them."""
    office, phone, _ = clients
    one, many = transfer(wish, internet, [(office, 1), (phone, GREEDY)])

    assert one > many
    assert many > 0.05 * one


@pytest.mark.parametrize("wish", [STREAM, SINK], ids=["download", "upload"])
def test_a_greedy_phone_leaves_the_other_its_part(clients, internet, wish):
    """Of two phones the one with a single connection gets nearly as much as the one with many."""
    _, greedy, modest = clients
    many, one = transfer(wish, internet, [(greedy, GREEDY), (modest, 1)])

    assert one > 0.6 * many


def test_without_shares_the_greedy_one_wins(commune, clients, internet):
    """Positive control: with the shares taken away, many connections get far more than one."""
    _, greedy, modest = clients
    units = "commune-shaping@wan.service commune-shaping@download.service"
    commune.on(ROUTER, f"systemctl stop {units}; tc qdisc add dev wifi root tbf rate 8mbit burst 3200 latency 200ms")
    try:
        many, one = transfer(STREAM, internet, [(greedy, GREEDY), (modest, 1)])
    finally:
        commune.on(ROUTER, f"tc qdisc del dev wifi root; systemctl start {units}")

    assert many > 2 * one


def test_an_idle_link_is_all_for_one(clients, internet):
    """Where nobody else wants it, one phone gets most of the link: shares are floors, not ceilings."""
    _, phone, _ = clients
    (alone,) = transfer(STREAM, internet, [(phone, 2)])

    assert alone * 8 / SECONDS > 0.6 * 16e6
