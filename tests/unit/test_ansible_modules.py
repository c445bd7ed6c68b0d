"""The modules debian_packages and text_files: their decisions, apart from the machine."""

from __future__ import annotations

import os
import time
from typing import ClassVar

from tests.plugin_files import load_plugin

packages = load_plugin("modules", "debian_packages")
text_files = load_plugin("modules", "text_files")


def test_missing_packages_are_those_not_installed():
    """Unknown, removed and half-installed packages are missing; installed ones are not."""
    listing = "nginx installed\nsudo config-files\npostfix half-configured\n"

    assert packages.missing(["nginx", "sudo", "postfix", "absent"], listing) == ["sudo", "postfix", "absent"]


def test_lists_are_stale_when_absent_or_old(tmp_path, monkeypatch):
    """Package lists are fetched when there are none and when they are older than allowed."""
    monkeypatch.setattr(packages, "LISTS", tmp_path)
    (tmp_path / "partial").mkdir()
    assert packages.lists_are_stale(24)
    (tmp_path / "mirror_main_Packages").write_text("")
    assert not packages.lists_are_stale(24)
    day_ago = time.time() - 25 * 3600
    os.utime(tmp_path / "partial", (day_ago, day_ago))
    assert packages.lists_are_stale(24)


class FakeModule:
    """Stands in for Ansible's module: answers commands from a list, remembers them."""

    params: ClassVar = {"lock_seconds": 1}

    def __init__(self, *answers):
        self.answers, self.ran, self.failed = list(answers), [], None

    def run_command(self, command, **_):
        """Answer the next command."""
        self.ran.append(command[0])
        return self.answers.pop(0)

    def fail_json(self, *, msg):
        """Remember the message."""
        self.failed = msg


def test_a_cut_installation_is_finished_first():
    """After a power cut dpkg is brought to its end, and the installation is tried once more."""
    module = FakeModule((100, "", "E: dpkg was interrupted, you must manually run"), (0, "", ""), (0, "", ""))
    packages.apt_get(module, "install", "nginx")

    assert module.ran == ["apt-get", "dpkg", "apt-get"]
    assert module.failed is None


def test_a_failed_installation_says_its_last_lines():
    """A failure that is no cut is told at once."""
    module = FakeModule((100, "", "E: Unable to locate package nginx\n\n"))
    packages.apt_get(module, "install", "nginx")

    assert module.failed == "apt-get nginx: E: Unable to locate package nginx"


def test_files_are_written_with_their_folders_and_then_left_alone(tmp_path):
    """A missing file differs and is written whole with its mode; after that it is as wanted."""
    path = tmp_path / "new" / "folder" / "file"

    assert text_files.differs(path, "á\n", 0o640, os.getegid())
    text_files.write(path, "á\n", 0o640, os.getegid())
    assert path.read_text(encoding="utf-8") == "á\n"
    assert not text_files.differs(path, "á\n", 0o640, os.getegid())
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_content_mode_and_links_count_as_differences(tmp_path):
    """Another content, another mode, or a link in the file's place is a difference."""
    path, link = tmp_path / "file", tmp_path / "link"
    text_files.write(path, "x", 0o644, os.getegid())
    link.symlink_to(path)

    assert text_files.differs(path, "y", 0o644, os.getegid())
    assert text_files.differs(path, "x", 0o600, os.getegid())
    assert text_files.differs(link, "x", 0o644, os.getegid())
    assert text_files.differs(path, "x", 0o644, os.getegid() + 1)
    assert text_files.current(tmp_path / "absent") == ""
