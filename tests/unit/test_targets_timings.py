"""Measured times."""

from pathlib import Path

from smartcommune.targets.timings import load_timings, save_timings


def test_new_measurements_are_folded_in(tmp_path: Path) -> None:
    """The first one counts whole, later ones by half; others stay."""
    path = tmp_path / "x" / "timings.json"
    save_timings(path, {"a": 4.0, "b": 1.0})
    save_timings(path, {"a": 2.0})

    assert load_timings(path) == {"a": 3.0, "b": 1.0}


def test_a_file_cut_short_is_as_none(tmp_path: Path) -> None:
    """Times are a convenience: a damaged file is started anew."""
    path = tmp_path / "timings.json"
    path.write_text('{"a": 1')

    assert load_timings(path) == {}
    save_timings(path, {"a": 2.0})
    assert load_timings(path) == {"a": 2.0}


def test_nothing_measured_writes_nothing(tmp_path: Path) -> None:
    """A run without operations leaves no file."""
    save_timings(tmp_path / "timings.json", {})

    assert list(tmp_path.iterdir()) == []
