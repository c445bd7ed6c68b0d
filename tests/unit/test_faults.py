"""How a fault is shown: place, source line with a caret, what to do; and as plain data."""

from __future__ import annotations

from smartcommune.errors import ProfileErrors
from smartcommune.faults import Fault, Related
from smartcommune.text import Text

TEXT = Text(vi="sai", en="wrong")


def make(excerpt="level: 5", column=8, **changes):
    """Return a fault of ``commune.yml``, line 7."""
    return Fault("commune.yml", 7, column, "level", "not-in-list", TEXT, TEXT, TEXT, TEXT, excerpt=excerpt, **changes)


def test_a_fault_shows_its_place_and_its_line():
    """File, line, column and key come first, then the line with a caret below the value."""
    lines = make().render("en").splitlines()

    assert lines[0] == "commune.yml:7:8: level: wrong"
    assert lines[1] == "  7 | level: 5"
    assert lines[2].index("^") == lines[1].index("5")


def test_each_language_has_its_labels():
    """Vietnamese and English differ in all that is said, and not in the place."""
    assert "cách sửa: sai" in make().render("vi")
    assert "to do:" in make().render("en")


def test_long_lines_are_cut_around_the_column():
    """A line of ten thousand characters shows the part that matters, with the caret below it."""
    lines = make(excerpt="x" * 5000 + "5" + "y" * 5000, column=5001).render("en").splitlines()

    assert len(lines[1]) < 140
    assert lines[1][lines[2].index("^")] == "5"


def test_control_characters_do_not_reach_the_terminal():
    """What a file smuggles in is shown as a blank."""
    odd = Text(vi="\x1b]0;x\x07", en="\x1b]0;x\x07")
    shown = Fault("c.yml", 1, 1, "", "syntax", odd, odd, odd, odd, excerpt="level: \x1b[31m5").render("en")

    assert not {"\x1b", "\x07"} & set(shown)


def test_suggestion_and_other_places_are_shown():
    """A near miss is a question; the other side of a conflict is named with its line."""
    shown = make(suggestion="2", related=(Related("other.yml", 3, TEXT),)).render("en")

    assert "did you mean: 2?" in shown
    assert "other.yml:3: wrong" in shown


def test_faults_are_told_in_the_order_of_the_file():
    """All faults, sorted by place, and their count at the end."""
    late = make()
    early = Fault("commune.yml", 2, 1, "", "syntax", TEXT, TEXT, TEXT, TEXT)
    errors = ProfileErrors([late, early])

    assert [fault.line for fault in errors.errors] == [2, 7]
    assert errors.render("en").endswith("2 errors in the profile; nothing was touched")
    assert errors.to_plain()[1]["message"] == {"vi": "sai", "en": "wrong"}
