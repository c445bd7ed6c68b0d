"""What the lab's namespace needs for a commune: as its router, around its router, and around several."""

from __future__ import annotations

import pytest

from smartcommune.lab.topology import (
    INTERNET,
    Route,
    Rule,
    bridge_of,
    listening_addresses,
    make_segments,
    toolkit_address,
    zone_at,
)
from smartcommune.site.networks import make_zones

PLAIN = make_zones("10.20.0.0/21")


FIRST = make_zones("10.20.0.0/21", "ubnd", "gateway-1")
SECOND = make_zones("10.20.8.0/21", "tram-y-te", "gateway-2")
BOTH = (*FIRST, *SECOND)


def segment(zones, name, site=None):
    """Return what one zone needs."""
    return next(each for each in make_segments(zones) if each.zone.name == name and site in (None, each.zone.site))


def test_without_a_router_the_namespace_plays_it():
    """It has every gateway and no routing of its own, and packages are to be had at every gateway."""
    for each in make_segments(PLAIN):
        assert (each.bridge, each.addresses) == (f"br-{each.zone.name}", {f"{each.zone.gateway}/24"})
        assert not each.routes | each.rules
    assert listening_addresses(PLAIN) == tuple(zone.gateway for zone in PLAIN)
    assert toolkit_address(PLAIN, "10.20.3.10") == "10.20.6.1"


def test_around_a_router_the_namespace_has_three_places():
    """The operator's side of both wans and the toolkit's place: no gateway of an inner zone is the namespace's."""
    have = {each.zone.name: each.addresses for each in make_segments(FIRST) if each.addresses}
    assert have == {"wan": {"10.20.0.1/24"}, "wan2": {"10.20.7.1/24"}, "management": {"10.20.6.254/24"}}
    assert listening_addresses(FIRST) == ("10.20.0.1",)
    assert toolkit_address(FIRST, "10.20.3.10") == "10.20.6.254"


def test_the_toolkit_goes_to_the_zones_by_its_sites_router():
    """What starts in the namespace goes to inner zones through management, and nothing that comes in does."""
    management = segment(BOTH, "management", "tram-y-te")
    assert Route(120, "10.20.11.0/24", "b2-management", "10.20.14.1", "10.20.14.254") in management.routes
    assert {route.prefix for route in management.routes} == {f"10.20.{part}.0/24" for part in (9, 10, 11, 12, 13)}
    assert Rule(120, link="lo", table=120) in management.rules
    assert toolkit_address(BOTH, "10.20.11.10") == "10.20.14.254"


@pytest.mark.parametrize("name", ["edge", "office", "server", "wifi", "sensor", "management"])
def test_nothing_is_forwarded_from_an_inner_zone(name):
    """Whatever comes in from an inner zone and is not for the namespace is refused."""
    assert Rule(101, link=f"br-{name}") in segment(FIRST, name).rules


def test_the_operator_knows_the_wans_only():
    """From a wan one comes to the other wans and beyond, to no zone; only the proxy's own address answers zones."""
    wan = segment(BOTH, "wan", "ubnd")
    operators = {route for each in make_segments(BOTH) for route in each.routes if route.table == 100}
    assert {route.prefix for route in operators} == {"10.20.0.0/24", "10.20.7.0/24", "10.20.8.0/24", "10.20.15.0/24"}
    assert {Rule(100, link="br-wan", table=100), Rule(101, link="br-wan")} <= wan.rules
    assert {Rule(100, source=INTERNET, table=100), Rule(101, source=INTERNET)} <= wan.rules
    answers = {route for route in wan.routes if route.table == 200}
    assert Route(200, "10.20.3.0/24", "br-wan", "10.20.0.10") in answers
    assert Rule(102, source="10.20.0.1", table=200) in wan.rules


def test_each_wan_has_a_table_of_its_own():
    """No two zones write into one answering table."""
    tables = [{rule.table for rule in each.rules if rule.priority == 102} for each in make_segments(BOTH)]
    used = [table for found in tables for table in found]
    assert len(used) == len(set(used)) == 4


def test_bridges_are_told_apart_by_site():
    """The second site's bridges have its number; all names fit the kernel."""
    names = [bridge_of(zone, BOTH) for zone in BOTH]
    assert names[:2] == ["br-wan", "br-edge"]
    assert names[8:10] == ["b2-wan", "b2-edge"]
    assert len(set(names)) == 16
    assert max(map(len, names)) <= 15


def test_a_zone_is_found_by_name_and_address():
    """Both sites have a zone server: the address tells which."""
    assert zone_at(BOTH, "server", "10.20.11.10") == SECOND[3]
    assert zone_at(BOTH, "server", "10.20.2.10") is None
    assert toolkit_address(BOTH, "192.0.2.1") is None
