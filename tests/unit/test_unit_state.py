"""The module unit_state: what it does with a unit in a given state."""

from __future__ import annotations

import pytest

from tests.plugin_files import load_plugin

unit_state = load_plugin("modules", "unit_state")
Newer, Wanted = unit_state.Newer, unit_state.Wanted
RUNNING = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "NeedDaemonReload": "no",
    "ConditionResult": "yes",
    "ConditionTimestamp": "Tue 2026-11-24 18:00:00.000000 UTC",
    "ActiveEnterTimestamp": "Tue 2026-11-24 18:00:00.500000 UTC",
    "StateChangeTimestamp": "Tue 2026-11-24 19:00:00.000000 UTC",
    "CanReload": "yes",
}
UNMET = {**RUNNING, "ActiveState": "inactive", "ConditionResult": "no"}
START = Wanted(started=True, enabled=True)
CASES = {
    "in its state": (START, RUNNING, Newer(), ()),
    "stopped": (START, {**RUNNING, "ActiveState": "inactive"}, Newer(), ("start",)),
    "failed": (START, {**RUNNING, "ActiveState": "failed"}, Newer(), ("start",)),
    "not at boot": (START, {**RUNNING, "UnitFileState": "disabled"}, Newer(), ("enable",)),
    "masked": (START, {**UNMET, "UnitFileState": "masked"}, Newer(), ("unmask", "enable")),
    "new settings": (START, RUNNING, Newer(reload=("a",)), ("reload",)),
    "new drop-in": (START, {**RUNNING, "NeedDaemonReload": "yes"}, Newer(restart=("d",)), ("daemon-reload", "restart")),
    "unread file": (START, {**RUNNING, "LoadState": "error"}, Newer(restart=("u",)), ("daemon-reload", "restart")),
    "both": (START, RUNNING, Newer(restart=("d",), reload=("a",)), ("restart",)),
    "cannot reload": (START, {**RUNNING, "CanReload": "no"}, Newer(reload=("a",)), ("restart",)),
    "condition unmet": (START, UNMET, Newer(), ()),
    "condition unmet, files changed": (START, UNMET, Newer(restart=("a",)), ("start",)),
    "absent": (START, {"LoadState": "not-found", "ActiveState": "inactive"}, Newer(), ("enable", "start")),
    "to be stopped": (Wanted(started=False, enabled=False), RUNNING, Newer(), ("disable", "stop")),
    "stopped already": (Wanted(started=False, enabled=True), UNMET, Newer(), ()),
}


COMING = {
    "will write a file it reloads": (RUNNING, Newer(reload=("a",)), ("reload",)),
    "will write a file it restarts for": (RUNNING, Newer(restart=("a",)), ("restart",)),
    "will write one for each": (RUNNING, Newer(restart=("a",), reload=("b",)), ("restart",)),
    "will write a file of a stopped unit": ({**RUNNING, "ActiveState": "inactive"}, Newer(reload=("a",)), ("start",)),
    "will write what the condition looks at": (UNMET, Newer(restart=("a",)), ("start",)),
    "will write nothing": (RUNNING, Newer(), ()),
}


@pytest.mark.parametrize("case", COMING)
def test_foresees_what_the_run_will_have_written(case):
    """A file that this run writes counts as it will when it is newer than the unit, and the reason names it."""
    unit, coming, actions = COMING[case]

    decision = unit_state.decide(START, unit, Newer(), (), coming)

    assert decision.actions == actions == unit_state.decide(START, unit, coming).actions
    assert actions in ((), ("start",)) or "this run changes a" in decision.reasons[0]


def test_written_files_count_where_the_unit_reads_them():
    """A file counts when the unit reads it or its folder; what lies deeper or beside does not."""
    files = ["/etc/nginx/nginx.conf", "/etc/systemd/journald.conf.d"]
    written = ["/etc/hosts", "/etc/nginx/nginx.conf", "/etc/systemd/journald.conf.d/60.conf", "/etc/nginx/a/nginx.conf"]

    assert unit_state.coming_files(files, written) == tuple(written[1:3])


def test_foreign_drop_ins_are_those_the_role_does_not_name(tmp_path, monkeypatch):
    """Drop-ins of the unit and of its template are the role's own or foreign; other files are none."""
    monkeypatch.setattr(unit_state, "UNITS", tmp_path)
    folders = unit_state.drop_in_folders("db@17.service")
    own, evil = tmp_path / "db@17.service.d" / "commune.conf", tmp_path / "db@.service.d" / "override.conf"
    for path in (own, evil, own.with_name("note.txt")):
        path.parent.mkdir(exist_ok=True)
        path.touch()

    assert unit_state.foreign_drop_ins(folders, [str(own)]) == (str(evil),)
    assert unit_state.drop_in_folders("nginx.service") == [str(tmp_path / "nginx.service.d")]


def test_a_foreign_drop_in_calls_for_a_restart():
    """Once it is removed, systemd has to read the unit again and the unit has to start without it."""
    decision = unit_state.decide(START, RUNNING, Newer(reload=("a",)), ("x.conf",))

    assert decision.actions == ("daemon-reload", "restart")
    assert "x.conf" in decision.reasons[0]


@pytest.mark.parametrize("case", CASES)
def test_decides_by_what_runs(case):
    """Each state leads to its verbs, in their order, and each verb has its reason."""
    wanted, unit, newer, actions = CASES[case]

    decision = unit_state.decide(wanted, unit, newer)

    assert decision.actions == actions
    assert len(decision.reasons) >= bool(actions)


def test_stamps_are_utc_with_microseconds():
    """A time stamp of systemctl becomes seconds since the epoch; an unset one is zero."""
    assert unit_state.parse_stamp("Tue 2026-11-24 18:00:00.500000 UTC") == pytest.approx(1795543200.5)
    assert unit_state.parse_stamp("") == unit_state.parse_stamp("n/a") == 0.0


def test_a_reload_makes_settings_fresh_but_not_the_unit_file():
    """A file changed between start and reload calls for a restart only where a reload is not enough."""
    between = unit_state.parse_stamp("Tue 2026-11-24 18:30:00.000000 UTC")

    assert unit_state.last_activity(RUNNING, "ActiveEnterTimestamp") < between
    assert unit_state.last_activity(RUNNING, "StateChangeTimestamp") > between
    assert unit_state.last_activity(UNMET, "ActiveEnterTimestamp") < between


def test_files_folders_and_links_are_watched(tmp_path):
    """A change of a file, of an entry of a folder, or of what a link points to is seen; an absent file is not."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "entry").write_text("x")
    (tmp_path / "link").symlink_to(folder / "entry")
    paths = [str(tmp_path / name) for name in ("folder", "link", "absent")]

    assert unit_state.newer_files(paths, 0.0) == tuple(paths[:2])
    assert unit_state.newer_files(paths, (folder / "entry").stat().st_ctime + 60) == ()


def test_units_beside_the_named_one_are_found_by_their_files():
    """A unit that the named one starts counts, by its drop-ins too; a template, settings and folders do not."""
    files = [
        "/etc/systemd/system/shop-mail.timer",
        "/etc/systemd/system/shop-mail.service",
        "/etc/systemd/system/shop@.service",
        "/etc/systemd/system/nginx.service.d",
        "/etc/systemd/system/logrotate.service.d/commune.conf",
        "/etc/systemd/journald.conf.d/60-commune.conf",
        "/etc/shop/settings.json",
    ]

    assert unit_state.units_of(files) == ["shop-mail.timer", "shop-mail.service", "logrotate.service"]


class Systemd:
    """Stands in for Ansible's module on a machine: each look at the unit shows the next state."""

    check_mode = False

    def __init__(self, *states, state="started"):
        self.states, self.params, self.ran = list(states), {"state": state}, []

    def run_command(self, command, **_):
        """Answer as systemctl does."""
        self.ran.append(command[1])
        shown = self.states.pop(0) if command[1] == "show" else {}
        return 0, "".join(f"{key}={value}\n" for key, value in shown.items()), ""


def test_a_unit_under_way_is_judged_when_it_has_arrived():
    """A unit that is being restarted with another one is waited for, so that it is not restarted twice."""
    systemd = Systemd({"ActiveState": "deactivating", "Job": "41"}, {"ActiveState": "active", "Job": "0"})

    assert unit_state.look(systemd, "shop.service")["ActiveState"] == "active"
    assert systemd.ran == ["show", "start", "show"]


@pytest.mark.parametrize("wanted", ["started", "stopped"])
def test_only_a_unit_that_is_to_run_is_waited_for(wanted):
    """A unit at rest, or one that is to stop, is looked at once."""
    systemd = Systemd({"ActiveState": "active", "Job": "0" if wanted == "started" else "41"}, state=wanted)

    assert unit_state.look(systemd, "shop.service")["ActiveState"] == "active"
    assert systemd.ran == ["show"]
