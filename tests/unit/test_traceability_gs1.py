"""GTINs and Digital Link addresses: what GS1's own examples say, and round trips over all that is allowed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import traceability_app  # noqa: F401 - puts the application on the path
from tracing.gs1 import (
    DigitalLink,
    GS1Error,
    build_address,
    build_path,
    check_digit,
    element_string,
    format_date,
    normalise_gtin,
    parse_date,
    parse_path,
    validate_component,
)

TODAY = date(2026, 11, 24)
SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
components = st.text(alphabet=SET_82, min_size=1, max_size=20)
gtins = st.text(alphabet="0123456789", min_size=13, max_size=13).map(lambda digits: digits + check_digit(digits))


@pytest.mark.parametrize(
    ("given_gtin", "expected"),
    [
        ("9506000134352", "09506000134352"),  # GS1's example of a Digital Link
        ("95060001 34352", "09506000134352"),
        ("036000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_gtin_is_brought_to_fourteen_digits(given_gtin: str, expected: str) -> None:
    """GTIN-8, -12, -13 and -14 become one form."""
    assert normalise_gtin(given_gtin) == expected


@pytest.mark.parametrize(
    ("gtin", "code"),
    [
        ("9506000134353", "gtin_check"),
        ("5906000134352", "gtin_check"),
        ("950600013435", "gtin_check"),
        ("12345", "gtin_form"),
        ("", "gtin_form"),
        ("95060001343५2", "gtin_form"),
        ("95060001343X2", "gtin_form"),
    ],
)
def test_wrong_gtin_is_refused(gtin: str, code: str) -> None:
    """A mistyped, swapped or foreign digit is found, and the fault is named."""
    with pytest.raises(GS1Error) as caught:
        normalise_gtin(gtin)

    assert caught.value.code == code


def test_address_is_as_the_standard_writes_it() -> None:
    """Lot and serial are percent-encoded path segments, the expiry is attribute 17."""
    link = DigitalLink("9506000134352", "ABC/1 2".replace(" ", "+"), "#".replace("#", "%&"), date(2027, 3, 9))

    assert build_address("https://example.vn", link) == (
        "https://example.vn/01/09506000134352/10/ABC%2F1%2B2/21/%25%26?17=270309"
    )


@settings(deadline=None, max_examples=60)  # a busy computer is no failure
@given(gtin=gtins, lot=components | st.just(""), serial=components | st.just(""), expiry=st.none() | st.dates(
    date(1977, 1, 1), date(2076, 12, 31)))  # fmt: skip
def test_address_round_trip(gtin: str, lot: str, serial: str, expiry: date | None) -> None:
    """Whatever may be in a lot or serial comes back as it went in."""
    link = DigitalLink(gtin, lot, serial, expiry)
    path, _, query = build_path(link).partition("?")

    assert parse_path(path, query, today=TODAY) == link


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/01", "path"),
        ("/01/9506000134352/10", "path"),
        ("/01/9506000134352/21/1/10/A", "path"),
        ("/01/9506000134352/22/A", "path"),
        ("/02/9506000134352", "path"),
        ("/01/9506000134352/10/%FF", "path"),
        ("/01/9506000134352/10/a%20b", "lot"),
        ("/01/9506000134352/10/" + "A" * 21, "lot"),
        ("/01/9506000134352/21/%C4%91", "serial"),
        ("/01/9506000134353", "gtin_check"),
    ],
)
def test_malformed_address_is_refused(path: str, code: str) -> None:
    """An address outside the standard is refused with its fault."""
    with pytest.raises(GS1Error) as caught:
        parse_path(path, today=TODAY)

    assert caught.value.code == code


def test_foreign_attributes_are_passed_over() -> None:
    """A shop's own query attributes do not disturb the resolver."""
    assert parse_path("/01/9506000134352/10/A/", "utm=x&17=270309&lang=en", today=TODAY) == DigitalLink(
        "09506000134352", "A", "", date(2027, 3, 9)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("270309", date(2027, 3, 9)),
        ("280200", date(2028, 2, 29)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
    ],
)
def test_date_follows_the_standard(text: str, expected: date) -> None:
    """Day 00 is the month's last one; the century is chosen by distance."""
    assert parse_date(text, today=TODAY) == expected


@pytest.mark.parametrize("text", ["271301", "270230", "27030", "２７0309", ""])
def test_wrong_date_is_refused(text: str) -> None:
    """What is no date is refused."""
    with pytest.raises(GS1Error):
        parse_date(text, today=TODAY)


@settings(deadline=None, max_examples=60)  # a busy computer is no failure
@given(st.dates(date(1977, 1, 1), date(2076, 12, 31)))
def test_date_round_trip(value: date) -> None:
    """A date comes back as it went in."""
    assert parse_date(format_date(value), today=TODAY) == value


@pytest.mark.parametrize("value", ["", "a b", "đ", "A" * 21, "a#b", "a\n"])
def test_component_outside_the_set_is_refused(value: str) -> None:
    """Only 1 to 20 characters of GS1's set 82 make a lot or serial."""
    with pytest.raises(GS1Error):
        validate_component(value, "lot")


def test_element_string_for_the_eye() -> None:
    """The label prints what the symbol means."""
    link = DigitalLink("09506000134352", "A1", "7", date(2027, 3, 9))

    assert element_string(link) == "(01)09506000134352(17)270309(10)A1(21)7"
