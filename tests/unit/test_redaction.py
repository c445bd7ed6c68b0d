"""What is taken out of text that is shown or kept."""

from __future__ import annotations

from smartcommune.redaction import MASK, redact, redact_with_keys


def test_values_are_masked_the_longest_first() -> None:
    """A secret that holds another one is masked whole; a short value would mask ordinary words."""
    assert redact("a=hunter2hunter2 b=ok", ["hunter2hunter2", "hunter2h", "ok"]) == f"a={MASK} b=ok"


def test_private_keys_are_masked_known_or_not() -> None:
    """A private key goes with its lines, also one that was cut off; values come in any order."""
    text = "a=hunter2hunter2 -----BEGIN EC PRIVATE KEY-----\nxyz\n-----END EC PRIVATE KEY----- c"

    assert redact_with_keys(text, {"hunter2h", "hunter2hunter2"}) == f"a={MASK} {MASK} c"
    assert redact_with_keys("-----BEGIN PRIVATE KEY-----\nabc") == MASK
