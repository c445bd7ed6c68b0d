"""ASCII names from Vietnamese ones, and zones of a block."""

from __future__ import annotations

import pytest

from smartcommune.profile.communes import load_former, load_official
from smartcommune.site.names import to_label
from smartcommune.site.networks import make_zones, zone_of


@pytest.mark.parametrize(
    ("name", "label"),
    [("Phủ Thông", "phuthong"), ("Đồng Tháp", "dongthap"), ("Yên Mô", "yenmo"), ("Ea H'leo", "eahleo"), ("Huế", "hue")],
)
def test_names_become_labels(name, label):
    """Marks, blanks and apostrophes are dropped, đ is d."""
    assert to_label(name) == label


def test_every_commune_has_a_usable_name():
    """All 3,321 communes give labels that can stand in a domain."""
    communes = load_official().values()

    assert len(communes) == 3321
    assert all(to_label(item.name) and to_label(item.province) for item in communes)
    assert all(item.name == " ".join(item.name.split()) for item in communes)


def test_former_communes_lead_to_todays():
    """Each former commune of the pilots is in a commune of today's list."""
    assert {item.old_name: load_official()[item.code].name for item in load_former().values()} == {
        "Vi Hương": "Phủ Thông",
        "Yên Hòa": "Yên Mô",
        "Vinh Hưng": "Vinh Lộc",
        "Quảng Thọ": "Quảng Điền",
    }


def test_an_address_tells_its_zone():
    """Addresses belong to the zone whose /24 they lie in, or to none."""
    zones = make_zones("10.20.0.0/21")

    assert zone_of("10.20.3.77", zones) == "server"
    assert zone_of("10.20.7.1", zones) == "wan2"
    assert zone_of("10.20.8.1", zones) is None
    assert zones[0].gateway == "10.20.0.1"
