"""Today's provinces and communes, as the address form offers them."""

from __future__ import annotations

from tests.unit.shop_app import shop

communes = shop("communes")


def test_numbers_of_2025() -> None:
    """There are 34 provinces and 3,321 communes, each in one province."""
    assert len(communes.provinces()) == 34
    assert len(communes.communes()) == 3321
    assert sum(len(listed) for listed in communes.provinces().values()) == 3321


def test_pilots_are_where_they_are_now() -> None:
    """The pilot's commune of today is found by its code."""
    commune = communes.communes()["01969"]

    assert commune.place == "xã Phủ Thông, tỉnh Thái Nguyên"
    assert commune in communes.provinces()["Tỉnh Thái Nguyên"]


def test_names_are_unique_within_a_province() -> None:
    """An address keeps names, not codes: within a province they are unique."""
    for province, listed in communes.provinces().items():
        assert len({commune.name for commune in listed}) == len(listed), province


def test_order_is_vietnamese() -> None:
    """Names are sorted by the Vietnamese alphabet: a, ă, â … d, đ … with marks after letters."""
    names = ["Đà Nẵng", "Ăn", "An", "Cà Mau", "Dak", "Ấn", "Cần Thơ"]

    assert sorted(names, key=communes.sort_key) == ["An", "Ăn", "Ấn", "Cà Mau", "Cần Thơ", "Dak", "Đà Nẵng"]
