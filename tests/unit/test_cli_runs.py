"""Commands that make, check and remove a commune, over fakes of Pulumi, Ansible and Testinfra."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from smartcommune.converge.results import HostFailure, HostResult
from smartcommune.plan import Plan, Unreached, load_plan, save_plan
from smartcommune.text import Text
from tests.unit import report_sample as sample
from tests.unit.run_fakes import ACTION, OUTPUTS, all_passed

pytest_plugins = ["tests.unit.faked_commands"]


@pytest.mark.parametrize(
    ("hosts", "seen", "code"),
    [
        ({"server-1": HostResult(ok=9)}, all_passed(), 0),
        ({"server-1": HostResult(ok=9, failed=1)}, all_passed(), 1),
        ({"server-1": HostResult(unreachable=True)}, all_passed(), 4),
        ({"server-1": HostResult(failed=1), "gateway-1": HostResult(unreachable=True)}, all_passed(), 1),
        ({"server-1": HostResult(ok=9)}, sample.verification(), 1),
        (
            {"server-1": HostResult(ok=9)},
            all_passed().model_copy(update={"hosts": sample.verification().hosts}),
            4,
        ),
    ],
)
def test_apply_ends_with_what_happened(run, world, hosts, seen, code):
    """Failures are 1, hosts not reached 4, all well 0, whichever stage saw it."""
    world.hosts, world.seen = hosts, seen

    assert run("apply", "vi-huong", "--yes")[0] == code


def test_apply_says_what_changed_where_the_report_is_and_how_to_open_the_shop(run, world, folder):
    """The last lines of apply are what a newcomer needs next."""
    world.seen = all_passed()
    code, out, err = run("apply", "vi-huong", "--yes")

    assert code == 0
    assert "1 changed of machines and secrets, 2 changed on hosts" in out
    assert f"Report: {folder / 'report' / 'index.html'}" in out
    assert "smartcommune lab open vi-huong cua-hang" in out
    assert world.calls == ["up None", "converge site None ['gateway-1', 'server-1'] None", "verify ()", "released"]
    assert "Configuration server-1 base" in err


def test_second_apply_reports_nothing_changed(run, world):
    """Where nothing was to be done, zero is said for both sides."""
    world.up, world.provisioned, world.seen = (), True, all_passed()
    world.hosts = {"server-1": HostResult(ok=9), "gateway-1": HostResult(ok=4)}
    document = json.loads(run("--json", "apply", "vi-huong", "--yes")[1])

    assert document["changed"] == {"machines": 0, "hosts": 0, "devices": 0}
    assert world.calls[1] == "converge site None [] None"


def test_apply_without_checks_leaves_them_out_and_says_so(run, world, folder):
    """--no-verify runs no check, and the report says that none was run."""
    code, out, _ = run("apply", "vi-huong", "--yes", "--no-verify")

    assert code == 0
    assert "The checks were not run: this run was given --no-verify" in out
    assert "of 2 hosts reached" not in out
    assert not any(call.startswith("verify") for call in world.calls)
    assert not (folder / "report" / "junit.xml").exists()


def test_apply_without_checks_keeps_the_last_results(run, world, folder):
    """What was seen before stays readable; --json, status and report say that nothing was checked."""
    world.seen = all_passed()
    run("apply", "vi-huong", "--yes")
    document = json.loads(run("apply", "vi-huong", "--yes", "--no-verify", "--json")[1])

    assert (document["checked"], document["summary"], document["report"]["junit"]) == (False, None, None)
    assert "Last results, of 20" in run("report", "vi-huong")[1]
    assert "the checks were not run" in run("status", "vi-huong")[1]
    assert (folder / "report" / "last-checked" / "junit.xml").exists()


UNREACHED = Unreached(
    "gateway-1", Text(vi="gateway-1 im", en="gateway-1 is silent"), Text(vi="xem điện", en="see power")
)


def test_hosts_that_are_not_reached_are_named_with_what_to_do(run, world):
    """Each is told with its reason; the same advice is given once, in text and as a document."""
    world.up, world.unreached = (), (UNREACHED, replace(UNREACHED, host="server-1"))
    world.provisioned, world.outputs = True, replace(OUTPUTS, hosts={})
    code, out, _ = run("apply", "vi-huong", "--yes")
    document = json.loads(run("apply", "vi-huong", "--yes", "--json")[1])

    assert code == document["exit_code"] == 4
    assert "! gateway-1 is silent" in out
    assert out.count("→ see power") == 1
    assert "0 of 2 hosts reached; no check could be run." in out
    assert [each["host"] for each in document["unreached"]] == ["gateway-1", "server-1"]


def test_a_changed_host_key_is_accepted_by_name(run, world):
    """The name must be one of the hosts; a near miss is suggested."""
    world.seen = all_passed()

    assert run("apply", "vi-huong", "--yes", "--accept-host-key", "server-1")[0] == 0
    assert world.accepted == ("server-1",)
    code, _, err = run("plan", "vi-huong", "--accept-host-key", "sever-1")
    assert code == 2
    assert "did you mean server-1? One of:" in err


def test_a_failed_task_is_named_with_its_message(run, world):
    """A failure is one line: host, role, task, and what to do."""
    world.hosts = {"server-1": HostResult(failed=1)}
    world.failures = (HostFailure("server-1", "base", "Install packages", Text(vi="đĩa đầy", en="disk full")),)

    assert "✕ server-1 base: Install packages: disk full" in run("apply", "vi-huong", "--yes")[1]


def test_apply_without_anybody_to_ask_wants_yes(run, world, monkeypatch):
    """Without --yes and without a terminal nothing is done."""
    monkeypatch.setattr("smartcommune.cli.plan.make_plan", lambda *_: _plan())
    code, out, err = run("apply", "vi-huong")

    assert json.loads(run("--json", "apply", "vi-huong")[1])["error"]["exit_code"] == 2
    assert (code, world.calls) == (2, [])
    assert "+ machine server-1: not there yet [memory]" in out
    assert "add --yes" in err


BROKEN = HostFailure("server-1", "base", "Load the firewall", Text(vi="hỏng", en="broken"))


def _plan(**changes):
    return Plan("vi-huong", "lab", (ACTION,), (), 90.0, changes.get("not_reached", ()), "m", "h")


@pytest.mark.parametrize(
    ("plan", "arguments", "code"),
    [
        (_plan(), (), 0),
        (_plan(), ("--exit-code",), 3),
        (_plan(not_reached=("gateway-1",)), ("--exit-code",), 4),
        (replace(_plan(), machines=(), failures=(BROKEN,)), ("--exit-code",), 1),
        (Plan("vi-huong", "lab", (), (), 0.0, (), "m", "h"), ("--exit-code",), 0),
    ],
)
def test_plan_exit_codes(run, world, monkeypatch, plan, arguments, code):
    """3 only when asked for and there are changes; a host of which nothing is known is 4; a failed look is 1."""
    monkeypatch.setattr("smartcommune.cli.plan.make_plan", lambda *_: plan)
    seen, out, _ = run("plan", "vi-huong", *arguments)

    assert seen == code
    assert ("Nothing to do" in out) == (plan.empty and not plan.not_reached)
    assert ("✕ server-1 base: Load the firewall: broken" in out) == bool(plan.failures)


def test_plan_is_saved_and_applied(run, world, monkeypatch, tmp_path):
    """A saved plan goes to Pulumi with its digest, after it was seen to hold."""
    monkeypatch.setattr("smartcommune.cli.plan.make_plan", lambda *_: _plan())
    monkeypatch.setattr(
        "smartcommune.runs.apply.check_plan", lambda plan, *_: world.calls.append(f"check {plan.hosts_digest}")
    )
    path = tmp_path / "saved.plan"
    world.seen = all_passed()

    assert run("plan", "vi-huong", "--out", str(path))[0] == 0
    assert load_plan(path) == _plan()
    assert run("apply", "vi-huong", "--plan", str(path))[0] == 0
    assert world.calls[:2] == ["check h", "up m"]


def test_plan_document_has_both_sides(run, world, monkeypatch):
    """--json is the plan itself."""
    monkeypatch.setattr("smartcommune.cli.plan.make_plan", lambda *_: _plan())
    document = json.loads(run("plan", "vi-huong", "--json")[1])

    assert document["machines"][0]["reason"] == {"vi": "chưa có", "en": "not there yet"}
    assert document["hosts"] == []


def test_dry_run_is_a_plan(run, world, monkeypatch):
    """The option --dry-run shows the plan and does nothing."""
    monkeypatch.setattr("smartcommune.cli.plan.make_plan", lambda *_: _plan())

    assert "about 1.5 minutes" in run("apply", "vi-huong", "--dry-run")[1]
    assert world.calls == []


def test_verify_keeps_what_the_last_apply_did(run, world, folder):
    """The report after verify still tells what apply ran, once."""
    run("apply", "vi-huong", "--yes")
    code, out, err = run("verify", "vi-huong", "--limit", "server-1")
    report = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))

    assert code == 1
    assert [stage["name"] for stage in report["ran"]] == ["machines", "hosts", "checks"]
    assert "1 of 2 hosts reached; 4 of 7 planned checks have a result." in out
    assert "gateway-1 ✕ ssh: No route to host" in err
    assert world.calls[-1] == "verify ('server-1',)"


def test_report_and_status_tell_the_latest(run, world):
    """Before any run both say so; after one both know it."""
    assert run("report", "vi-huong")[0] == 2
    assert "none yet" in run("status", "vi-huong")[1]
    run("apply", "vi-huong", "--yes")
    _, shown, _ = run("report", "vi-huong")
    status = json.loads(run("status", "vi-huong", "--json")[1])

    assert "3 passed, 1 failed, 1 skipped, 1 not reached, 1 not run" in shown
    assert status["run"]["command"] == "apply"
    assert status["report"]["summary"]["failed"] == 1


def test_quiet_prints_nothing_but_failures(run, world):
    """--quiet leaves stdout and stderr empty; the exit code says it."""
    assert run("apply", "vi-huong", "--yes", "--quiet") == (1, "", "")


def test_destroy_shows_what_goes_and_asks(run, world):
    """Without --yes and a terminal nothing is removed; with it what was shown is."""
    code, out, _ = run("destroy", "vi-huong")
    assert (code, "destroy" in world.calls) == (2, False)
    assert "- machine server-1" not in out
    assert "machine server-1" in out

    code, out, _ = run("destroy", "vi-huong", "--yes")
    assert (code, world.calls[-3:]) == (0, ["destroy", "lab cleaned", "released"])
    assert "Removed 1 things" in out


def test_a_held_lock_is_one_message(run, world):
    """Whoever meets a lock is told its holder."""
    world.locked = True

    assert run("apply", "vi-huong", "--yes") == (1, "", "error: locked by pid 7\n")


def test_backup_and_restore_share_a_stamp(run, world):
    """A backup tells its stamp; restore takes the last whole one, or the one that is named."""
    world.provisioned = True
    stamp = json.loads(run("backup", "vi-huong", "--json")[1])["stamp"]
    assert run("restore", "vi-huong", "--yes")[0] == 0
    assert run("restore", "vi-huong", "--yes", "--stamp", "20261124T020000Z", "--limit", "server-1")[0] == 0

    assert [call for call in world.calls if call != "released"] == [
        f"converge backup None [] {{'commune_backup_stamp': '{stamp}'}}",
        f"converge restore None [] {{'commune_backup_stamp': '{stamp}'}}",
        "converge restore ('server-1',) [] {'commune_backup_stamp': '20261124T020000Z'}",
    ]


def test_restore_does_not_guess(run, world):
    """Without a whole backup on record, and none named, nothing is touched; a failed backup is none."""
    world.provisioned, world.hosts = True, {"server-1": HostResult(failed=1)}
    code, out, _ = run("backup", "vi-huong")
    assert (code, out.startswith("Backup not whole: ")) == (1, True)
    code, out, _ = run("restore", "vi-huong", "--yes", "--stamp", "20261124T020000Z")
    assert (code, out.startswith("Not all restored from backup 20261124T020000Z")) == (1, True)
    world.calls.clear()

    assert run("restore", "vi-huong", "--yes")[0] == 2
    assert world.calls == []


def test_restore_takes_what_is_away_without_a_record(run, world):
    """With --away no backup needs to be on record: each host takes its newest from the second machine."""
    world.provisioned = True
    code, out, _ = run("restore", "vi-huong", "--yes", "--away")

    assert (code, out.splitlines()[0]) == (0, "Restored from backup (the newest on the second machine)")
    assert "converge restore None [] {'commune_backup_away': 'true'}" in world.calls


def test_a_drill_without_backups_fails_and_is_told(run, world):
    """Where nothing was sent yet there is nothing to prove: the drill fails, and the report says so with the date."""
    world.provisioned = True
    run("apply", "vi-huong", "--yes")
    code, out, _ = run("drill", "vi-huong")
    shown = run("report", "vi-huong")[1]

    assert (code, out) == (1, "The restore drill failed: no machine has sent a backup to the second one yet\n")
    assert "Last restore drill: " in shown
    assert "failed" in shown
    assert json.loads(run("drill", "vi-huong", "--json")[1])["drill"]["state"] == "failed"


def test_backup_of_what_does_not_stand_is_wrong_use(run, world):
    """Nothing provisioned is told as such."""
    assert run("backup", "vi-huong")[0] == 2


def test_unlock_frees_nothing_when_nobody_holds(run, world, folder):
    """A lock that nobody holds is told to be free."""
    folder.mkdir(parents=True)
    (folder / "lock").touch()

    assert run("unlock", "vi-huong", "--yes")[1] == "Nobody holds the lock.\n"


def test_unlock_stops_the_holder(run, world, folder, monkeypatch):
    """The holder gets an interrupt, and the lock is awaited."""
    from smartcommune.targets import lock

    with lock.hold(folder / "lock", command="smartcommune apply vi-huong") as held:
        killed = []

        def stop(pid, number):
            killed.append((pid, number))
            import fcntl

            fcntl.flock(held, fcntl.LOCK_UN)

        monkeypatch.setattr("os.kill", stop)
        code, out, err = run("unlock", "vi-huong", "--yes")

    assert (code, out, len(killed)) == (0, "The lock is free.\n", 1)
    assert "smartcommune apply vi-huong" in err


def test_saved_plan_that_is_none_is_wrong_use(run, world, tmp_path):
    """A file that is no plan touches nothing."""
    (tmp_path / "x.plan").write_text("{}", encoding="utf-8")

    assert run("apply", "vi-huong", "--plan", str(tmp_path / "x.plan"))[0] == 2
    assert world.calls == []
    saved = replace(_plan(), failures=(BROKEN,), unreached=(UNREACHED,))
    save_plan(saved, tmp_path / "y.plan")
    assert load_plan(tmp_path / "y.plan") == saved


@pytest.mark.parametrize("place", ["", "no-such-folder/plan"])
def test_a_plan_that_cannot_be_saved_is_told_before_it_is_made(run, world, monkeypatch, tmp_path, place):
    """Where --out leads to is looked at first: asking hosts takes its time."""
    monkeypatch.setattr("smartcommune.cli.plan.make_plan", lambda *_: pytest.fail("hosts were asked"))
    code, _, err = run("plan", "vi-huong", "--out", str(tmp_path / place))

    assert (code, err.splitlines()[0].split(str(tmp_path))[0]) == (2, "error: a plan cannot be saved as ")
