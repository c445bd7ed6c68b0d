"""Files that are put in place whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcommune.whole_files import write_whole


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_file_takes_the_place_of_another(tmp_path: Path, on_disk: bool) -> None:
    """Text and mode are the new ones, and no draft is left beside the file."""
    path = tmp_path / "run.json"
    path.write_text("old")
    write_whole(path, "mới\n", mode=0o600, on_disk=on_disk)

    assert path.read_text(encoding="utf-8") == "mới\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the old file, and no draft."""
    path = tmp_path / "run.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("smartcommune.whole_files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new", on_disk=True)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
