"""The module foreign_files: what counts as foreign, and that nothing of it is lost."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.plugin_files import load_plugin

foreign_files = load_plugin("modules", "foreign_files")


@pytest.fixture
def sudoers(tmp_path):
    """A folder with the design's file and two foreign ones."""
    folder = tmp_path / "sudoers.d"
    folder.mkdir()
    for name in ("commune", "evil", ".hidden"):
        (folder / name).write_text(name)
    return folder


def test_what_is_not_kept_is_foreign(sudoers):
    """Files that are not named are foreign, whether matched by a pattern or given by path; absent ones are nothing."""
    paths = [f"{sudoers}/*", f"{sudoers}/.hidden", f"{sudoers}/absent"]

    assert foreign_files.foreign(paths, [f"{sudoers}/commune"]) == [sudoers / ".hidden", sudoers / "evil"]


def test_a_file_is_moved_with_its_mode(sudoers, tmp_path):
    """What is moved stands in the archive as it was."""
    (sudoers / "evil").chmod(0o440)
    foreign_files.move(sudoers / "evil", tmp_path / "archive" / "deep" / "evil")

    assert not (sudoers / "evil").exists()
    assert (tmp_path / "archive" / "deep" / "evil").read_text() == "evil"
    assert (tmp_path / "archive" / "deep" / "evil").stat().st_mode & 0o777 == 0o440


def test_folders_and_links_go_to_another_file_system(sudoers, tmp_path, monkeypatch):
    """Where a rename is not possible the whole is copied, links as links, and then removed."""
    (sudoers / "folder").mkdir()
    (sudoers / "folder" / "link").symlink_to("/etc/shadow")

    def refuse(*_):
        raise OSError(errno.EXDEV, "other file system")

    monkeypatch.setattr(Path, "rename", refuse)
    foreign_files.move(sudoers / "folder", tmp_path / "archive")
    foreign_files.move(tmp_path / "archive" / "link", tmp_path / "link")

    assert not (sudoers / "folder").exists()
    assert (tmp_path / "link").readlink() == Path("/etc/shadow")


class ToldError(Exception):
    """The module has told its result."""


class Machine:
    """Stands in for Ansible's module; the proof ends with ``code``."""

    def __init__(self, params, *, check_mode=False, code=0):
        self.params, self.check_mode, self.code = {"keep": [], "proof": [], **params}, check_mode, code

    def run_command(self, command):
        """Run the proof."""
        return self.code, "", "sudo: a password is required"

    def exit_json(self, **result):
        """End well."""
        raise ToldError(result)

    def fail_json(self, **result):
        """End badly."""
        raise ToldError(result)


def run(monkeypatch, machine):
    """Return what the module tells."""
    monkeypatch.setattr(foreign_files, "AnsibleModule", lambda **_: machine)
    with pytest.raises(ToldError) as ended:
        foreign_files.main()
    return ended.value.args[0]


def test_a_move_that_locks_out_is_taken_back(sudoers, tmp_path, monkeypatch):
    """Where the proof fails without the file, the file is back in its place and the task fails with the words."""
    params = {"paths": [f"{sudoers}/evil"], "archive": f"{tmp_path}/removed", "proof": ["sudo", "true"]}
    told = run(monkeypatch, Machine(params, code=1))

    assert (sudoers / "evil").read_text() == "evil"
    assert "sudo true fails" in told["msg"]
    assert "a password is required" in told["msg"]
    assert list((tmp_path / "removed").iterdir()) == []


def test_a_plan_names_the_file_and_where_it_goes(sudoers, tmp_path, monkeypatch):
    """Check mode moves nothing and says what the run would move, and where to; the run does it, for root alone."""
    params = {"paths": [f"{sudoers}/evil"], "archive": f"{tmp_path}/removed"}
    planned = run(monkeypatch, Machine(params, check_mode=True))
    assert (sudoers / "evil").exists()
    done = run(monkeypatch, Machine(params))

    assert planned["changed"]
    assert planned["diff"] == done["diff"]
    assert f"{sudoers}/evil: not the design's, moves to {tmp_path}/removed" in planned["diff"]["before"]
    assert Path(done["moved"][f"{sudoers}/evil"]).read_text() == "evil"
    assert (tmp_path / "removed").stat().st_mode & 0o777 == 0o700
    assert [each.stat().st_mode & 0o777 for each in (tmp_path / "removed").iterdir()] == [0o700]
    assert not run(monkeypatch, Machine(params))["changed"]
