"""The module armed_change and what undoes it: every way from a change to its confirmation or to its undoing."""

from __future__ import annotations

import grp
import json
import os

import pytest

from tests.unit.armed_host import Host, ModuleFailedError, armed, file, undoing

OLD = "table inet commune {\n\told\n}\n"
NEW = "table inet commune {\n\tnew\n}\n"
GROUP = grp.getgrgid(os.getegid()).gr_name


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host whose ``/etc`` has one old file, and old rules."""
    monkeypatch.setattr(armed, "STATE", tmp_path / "state")
    monkeypatch.setattr(armed, "BELOW", tmp_path / "etc")
    monkeypatch.setattr(armed, "UNDO", tmp_path / "undo.py")
    monkeypatch.setattr(armed, "detach", lambda _, work, clean_up: (work(), clean_up()))
    (tmp_path / "undo.py").touch()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "rules.nft").write_text(OLD)
    (tmp_path / "etc" / "rules.nft").chmod(0o600)
    return Host(tmp_path, rules=OLD, active={"x.service"})


@pytest.fixture
def wanted(host):
    """The arguments of a change of that file, of the rules in it, and of a unit that reads it."""
    path = host.root / "etc" / "rules.nft"
    return {
        "files": [file(path, NEW, group=GROUP, validate="/usr/sbin/nft --check --file %s")],
        "nftables": {"src": str(path), "table": "inet commune", "exclusive": True, "keep": []},
        "units": {"x.service": "reload"},
    }


def seen(host):
    """Return what is in force: the file with its mode, the rules, the timers."""
    path = host.root / "etc" / "rules.nft"
    return path.read_text(), oct(path.stat().st_mode & 0o777), host.rules, host.timers


BEFORE = (OLD, "0o600", OLD, {})
AFTER = (NEW, "0o644", NEW, {"commune-undo@firewall": "--on-active=60"})


def test_a_change_is_armed_before_it_is_made(host, wanted):
    """What was there is kept, a timer runs, the change is in force and waits; the draft was checked first."""
    result = host.change(**wanted)
    record = json.loads((host.root / "state/firewall/armed.json").read_text())
    timer = next(number for number, line in enumerate(host.ran) if line.startswith("systemd-run"))

    assert (result["changed"], result["pending"]) == (True, True)
    assert seen(host) == AFTER
    assert (host.root / "state/firewall/0").read_text() == OLD
    assert record["tables"] == [f"add table inet commune\ndelete table inet commune\n{OLD}"]
    assert host.ran.index("nft --check --file -") < timer < host.ran.index("nft --file -")
    assert host.ran[-1] == "systemctl reload-or-restart -- x.service"
    assert any(line.startswith("/usr/sbin/nft --check --file /") for line in host.ran[:timer])


def test_a_confirmed_change_stays(host, wanted):
    """The timer is stopped, the previous files are gone; asking again is no failure; the next run has nothing to do."""
    host.change(**wanted)

    assert host.change(**wanted, state="made") == {"changed": False, "pending": True, "made": True}
    assert host.change(**wanted, state="confirmed") == {"changed": False, "pending": False}
    assert seen(host) == (*AFTER[:3], {})
    assert host.undo("firewall", "timer")
    assert seen(host)[0] == NEW
    assert [each.name for each in (host.root / "state/firewall").iterdir()] == ["confirmed.json"]
    assert host.change(**wanted, state="confirmed")["pending"] is False
    assert host.change(**wanted)["changed"] is False


@pytest.mark.parametrize(
    ("why", "words"), [("timer", "60 s after it was made"), ("boot", "when the machine started again")]
)
def test_confirming_what_was_undone_fails(host, wanted, why, words):
    """A toolkit that comes too late is told when and why the change was undone; that is no success."""
    host.change(**wanted)
    assert host.undo("firewall", why)

    for state in ("made", "confirmed"):
        with pytest.raises(ModuleFailedError, match=f"the change of firewall was undone {words}"):
            host.change(**wanted, state=state)
    with pytest.raises(ModuleFailedError, match="there is no change of ssh to confirm"):
        host.change("ssh", state="confirmed")


def test_undoing_puts_back_files_rules_and_units(host, wanted):
    """The timer's program restores all of it; at boot only the files, since what reads them starts later."""
    host.change(**wanted)
    host.undo("firewall", "timer")
    assert seen(host)[:3] == BEFORE[:3]
    assert host.ran[-1] == "systemctl reload-or-restart -- x.service"

    host.change(**wanted)
    count = len(host.ran)
    host.undo("firewall", "boot")
    assert seen(host)[:3] == (OLD, "0o600", NEW)
    assert len(host.ran) == count


def test_a_live_table_that_differs_is_not_kept(host, wanted):
    """What another hand changed after the change is not what was to be kept: undone, and told."""
    host.change(**wanted)
    host.rules = NEW.replace("new", "other")

    with pytest.raises(ModuleFailedError, match=r"was undone when the toolkit came back, .* \(.*rules.nft\)"):
        host.change(**wanted, state="confirmed")
    assert seen(host) == BEFORE


def test_a_unit_that_died_of_the_change_is_not_kept(host, wanted):
    """A unit that no longer runs when the toolkit comes back is a failed change, and is started with the old files."""
    host.change(**wanted)
    host.active.clear()

    with pytest.raises(ModuleFailedError, match=r"\(x.service\)"):
        host.change(**wanted, state="confirmed")
    assert (seen(host), host.active) == (BEFORE, {"x.service"})


@pytest.mark.parametrize("broken", ["nft --file", "systemctl reload"])
def test_a_change_that_cannot_be_made_is_undone_at_once(host, wanted, broken):
    """Rules that are refused, a unit that does not take its files up: all is as before, and told with the reason."""

    def run_command(command, data=None, play=host.run_command):
        host.broken = () if host.root.joinpath("state/firewall/undoing.json").exists() else (broken,)
        return play(command, data)

    host.run_command = run_command
    host.change(**wanted)
    assert seen(host) == BEFORE
    with pytest.raises(ModuleFailedError, match=r"was undone at once, .*; all is as it was before: .*refused"):
        host.change(**wanted, state="made")


@pytest.mark.parametrize("broken", ["nft --check --file -", "systemd-run"])
def test_without_a_way_back_nothing_is_changed(host, wanted, broken):
    """Old rules that nft would not take again, and a timer that does not start, fail the task before the change."""
    host.broken = (broken,)
    with pytest.raises(ModuleFailedError, match=r"failed; all is as it was before: .*refused"):
        host.change(**wanted)
    assert seen(host) == BEFORE


def test_while_a_change_is_being_made_there_is_nothing_to_confirm(host, wanted):
    """The toolkit has to come back by a connection that is later than the change."""
    host.change(**wanted)
    with armed.locked(armed.STATE):
        assert host.change(**wanted, state="made") == {"changed": False, "pending": True, "made": False}


def test_a_draft_that_does_not_pass_is_not_written(host, wanted):
    """Nothing is armed or touched when a file's own program refuses it."""
    host.broken = ("/usr/sbin/nft --check",)

    with pytest.raises(ModuleFailedError, match="refused"):
        host.change(**wanted)
    assert seen(host) == BEFORE
    assert not (host.root / "state").exists()


def test_in_check_mode_nothing_is_touched(host, wanted):
    """What differs is told for the file and for the running rules."""
    host.check_mode = True
    result = host.change(**wanted)

    assert (result["changed"], result["pending"]) == (True, False)
    assert [(each["before"], each["after"]) for each in result["diff"]] == [(OLD, NEW), (OLD, NEW)]
    assert seen(host) == BEFORE
    assert not (host.root / "state").exists()


def test_what_a_killed_run_left_is_confirmed_by_the_next(host, wanted):
    """The same change still in the air is neither made nor armed again, but waits for its confirmation."""
    host.change(**wanted)
    count = sum("systemd-run" in line for line in host.ran)
    result = host.change(**wanted)

    assert (result["changed"], result["pending"]) == (True, True)
    assert result["diff"][0]["after"] == "confirmed\n"
    assert sum("systemd-run" in line for line in host.ran) == count
    assert host.change(**wanted, state="confirmed")["pending"] is False


def test_another_change_in_the_air_is_undone_first(host, wanted):
    """What is kept of a host is always a confirmed state, never one of an unconfirmed change."""
    host.change(**wanted)
    third = NEW.replace("new", "third")
    wanted["files"][0]["content"] = third
    host.change(**wanted)
    assert seen(host)[2] == third

    host.undo("firewall", "timer")
    assert seen(host)[:3] == BEFORE[:3]


def test_a_change_back_to_the_old_state_needs_no_confirmation(host, wanted):
    """Undoing what was in the air is all there is to do."""
    host.change(**wanted)
    wanted["files"][0] |= {"content": OLD, "mode": "0600"}
    result = host.change(**wanted)

    assert (result["changed"], result["pending"]) == (True, False)
    assert seen(host) == BEFORE


def test_files_come_go_and_become_links(host):
    """A file that was not there goes again, one that was removed and one that was a link come back."""
    etc = host.root / "etc"
    (etc / "gone").write_text("gone")
    (etc / "link").symlink_to("rules.nft")
    files = [file(etc / "new/file", "x", group=GROUP), file(etc / "gone", None), file(etc / "link", "y", group=GROUP)]
    host.change("routes", files=files, units={"y.service": "restart"})
    assert ((etc / "new/file").read_text(), (etc / "gone").exists()) == ("x", False)
    assert ((etc / "link").is_symlink(), host.active) == (False, {"x.service", "y.service"})

    host.undo("routes", "timer")
    assert not (etc / "new/file").exists()
    assert (etc / "gone").read_text() == "gone"
    assert (etc / "link").readlink().name == "rules.nft"
    assert host.active == {"x.service"}


def test_undoing_is_repeated_until_it_is_whole(host, wanted):
    """What cannot be undone does not keep the rest from it, and is tried again; a cut one is as well."""
    host.change(**wanted)
    host.broken = ("nft --file",)
    assert not host.undo("firewall", "timer")
    assert seen(host)[:3] == (OLD, "0o600", NEW)
    with pytest.raises(ModuleFailedError, match="is not wholly undone, which is tried again"):
        host.change(**wanted, state="made")

    host.broken = ()
    assert host.undo("firewall", "timer")
    assert seen(host)[:3] == BEFORE[:3]


def test_at_boot_every_change_in_the_air_is_undone(host, wanted, tmp_path):
    """The boot unit goes through all names; there may be no state at all."""
    host.change(**wanted)
    host.change("routes", files=[file(host.root / "etc/route", "x", group=GROUP)])

    assert undoing.main("--boot", state=tmp_path / "state") == 0
    assert seen(host)[0] == OLD
    assert not (host.root / "etc/route").exists()
    assert undoing.main("--boot", state=tmp_path / "nowhere") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "Fire wall"}, "small letters"),
        ({"files": [file("/var/x", "")]}, "/var/x is not below"),
        ({"files": [file("/etc/../root/x", "")]}, "/root/x is not below"),
        ({"files": [file("/etc/x", "", group="no-such-group")]}, "no-such-group"),
        ({"units": {"x.service": "kill"}}, "not kill"),
    ],
)
def test_what_cannot_be_undone_is_refused(host, arguments, words):
    """Names, paths and verbs that the unit that undoes could not handle are errors before anything happens."""
    with pytest.raises(ModuleFailedError, match=words):
        host.change(**arguments)


def test_without_the_program_that_undoes_nothing_is_changed(host, wanted):
    """The role base installs it; before that no change is made."""
    armed.UNDO.unlink()

    with pytest.raises(ModuleFailedError, match="the role base installs it"):
        host.change(**wanted)
    assert seen(host) == BEFORE
