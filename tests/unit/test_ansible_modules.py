"""The modules debian_packages and text_files: their decisions, apart from the machine."""

from __future__ import annotations

import grp
import os
import time
from pathlib import Path
from typing import ClassVar

import pytest

from tests.plugin_files import load_plugin

packages = load_plugin("modules", "debian_packages")
text_files = load_plugin("modules", "text_files")
GROUP = grp.getgrgid(os.getegid()).gr_name


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


class ToldError(Exception):
    """The module has told its result."""


class FileModule:
    """Stands in for Ansible's module on a machine whose program for checking drafts ends with ``code``."""

    def __init__(self, files, *, check_mode=False, code=0, mode="0640", group=GROUP):
        self.params = {"files": files, "file_mode": mode, "group": group, "validate": "check --file %s"}
        self.check_mode, self.code = check_mode, code

    def get_bin_path(self, name):
        """Find the program."""
        return f"/bin/{name}"

    def run_command(self, command):
        """Check the draft, whose words must be there by now."""
        return self.code, "", f"{command[2]} says: {Path(command[2]).read_text(encoding='utf-8')}"

    def exit_json(self, **result):
        """End well."""
        raise ToldError(result)

    fail_json = exit_json


@pytest.fixture
def told(monkeypatch):
    """A function that runs text_files and returns what it tells."""

    def run(*arguments, **options):
        monkeypatch.setattr(text_files, "AnsibleModule", lambda **_: FileModule(*arguments, **options))
        with pytest.raises(ToldError) as ended:
            text_files.main()
        return ended.value.args[0]

    return run


def test_files_are_written_with_their_folders_and_then_left_alone(tmp_path, told):
    """A missing file is named by a plan as by the run, written whole with its mode, and then left alone."""
    path = tmp_path / "new" / "folder" / "file"
    planned = told({str(path): "á\n"}, check_mode=True)
    assert not path.parent.exists()
    done = told({str(path): "á\n"})

    assert planned == done
    assert done["written"] == [str(path)]
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("á\n", 0o640)
    assert told({str(path): "á\n"}) == {"changed": False, "written": [], "diff": []}
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_content_mode_and_links_count_as_differences(tmp_path, told):
    """Another content, another mode, or a link in the file's place is a difference."""
    path, link = tmp_path / "file", tmp_path / "link"
    told({str(path): "x"})
    link.symlink_to(path)

    assert told({str(path): "y"}, check_mode=True)["changed"]
    assert told({str(path): "x"}, check_mode=True, mode="0600")["changed"]
    assert told({str(link): "x"}, check_mode=True)["changed"]


def test_a_draft_that_does_not_pass_its_check_is_not_written(tmp_path, told):
    """Where one file's program refuses it no file is written, and its words are told."""
    paths = [tmp_path / "a", tmp_path / "b"]
    refused = told({str(path): "bad words" for path in paths}, code=1)

    assert "says: bad words" in refused["msg"]
    assert list(tmp_path.iterdir()) == []


def test_a_plan_knows_of_files_whose_group_a_package_makes(tmp_path, told):
    """On a machine without the package a plan names the files; a run that comes too early is told so."""
    path = tmp_path / "file"
    planned = told({str(path): "x"}, check_mode=True, group="not-there-yet")

    assert planned["written"] == [str(path)]
    assert "not-there-yet" in told({str(path): "x"}, group="not-there-yet")["msg"]
