"""Generated passwords and tokens."""

import pytest

from smartcommune.targets.passwords import ALPHABET, AMBIGUOUS, Kind, generate


@pytest.mark.parametrize("kind", ["password", "token"])
@pytest.mark.parametrize("length", [16, 24, 128])
def test_they_have_their_length_and_no_ambiguous_character(kind: Kind, length: int) -> None:
    """Every character is one that people read right."""
    value = generate(kind, length)

    assert len(value) == length
    assert set(value) <= set(ALPHABET)
    assert not set(value) & AMBIGUOUS


def test_a_password_has_three_classes() -> None:
    """Even short passwords have lower case, upper case and a digit, as password rules ask."""
    for _ in range(200):
        value = generate("password", 16)
        assert any(map(str.islower, value))
        assert any(map(str.isupper, value))
        assert any(map(str.isdigit, value))


def test_no_two_are_equal() -> None:
    """A hundred tokens are a hundred different ones."""
    assert len({generate("token", 16) for _ in range(100)}) == 100
