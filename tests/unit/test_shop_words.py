"""The words of a buyer's search, as PostgreSQL takes them."""

from __future__ import annotations

import unicodedata

import pytest

from tests.unit.shop_app import shop

words = shop("words")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Mật ong", ["mật", "ong"]),
        (unicodedata.normalize("NFD", "Mật ong"), ["mật", "ong"]),
        ("MẬT-ONG, 500ml!", ["mật", "ong", "500ml:*"]),
        ("honey", ["honey:*"]),
        ("nghiêng", ["nghiêng:*"]),
        ("", []),
        ("  !?  _ ", []),
    ],
)
def test_words_are_taken_apart(asked: str, found: list[str]) -> None:
    """Marks stay, capitals and signs go, and a long word stands for those that begin with it."""
    assert words.words_of(asked) == found


@pytest.mark.parametrize("asked", ["ong | mat", "ong & !mat", "ong:*", "'ong'", "(ong <-> mat)", "ong\\"])
def test_operators_are_no_words(asked: str) -> None:
    """Nothing that a buyer types reaches PostgreSQL as an operator."""
    assert set("".join(words.words_of(asked))) <= set("ongmat")


def test_words_are_few() -> None:
    """A text that is pasted in by mistake costs no more than eight words."""
    assert len(words.words_of("một hai ba bốn " * 1000)) == 8
