"""A machine that burned down gets its data back from the second one, and a drill proves it beforehand."""

from __future__ import annotations

import json
import shutil

from smartcommune.runs.drill_record import load_drills
from tests.deployment import Deployment
from tests.infrastructure.backup.test_sender import SENDER, save_by_the_timers_unit

PERSON = "nguoi-thu-nghiem"
USERS = "select username from auth_user order by 1"
ADD = (
    "insert into auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, "
    f"date_joined) values ('{PERSON}', '!', false, '', '', '', false, false, now())"
)


def query(commune: Deployment, sql: str) -> list[str]:
    """Return what the database answers to its superuser."""
    return commune.on(SENDER, f'runuser -u postgres -- psql -AtX -d traceability -c "{sql}"').split()


def test_what_was_changed_comes_back_from_the_last_backup(commune: Deployment) -> None:
    """What was there at the backup is there again, what came after is gone, and the next apply changes nothing."""
    query(commune, ADD)
    stamp = commune.document(*commune.verb("backup"))["stamp"]
    query(commune, f"delete from auth_user where username = '{PERSON}'")
    commune.run(*commune.verb("restore"), "--yes", "--stamp", stamp)

    assert PERSON in query(commune, USERS)
    query(commune, f"delete from auth_user where username = '{PERSON}'")
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")
    assert set(again["changed"].values()) == {0}


def test_a_backup_that_counts_otherwise_is_not_kept(commune: Deployment) -> None:
    """A dump that does not hold the rows that were counted is rolled back whole."""
    stamp = commune.document(*commune.verb("backup"))["stamp"]
    before = query(commune, USERS)
    rows = f"/var/backups/commune/postgresql/{stamp}/traceability.rows.json"
    manifest = f"/var/backups/commune/postgresql/{stamp}/manifest.json"
    commune.on(SENDER, f"cp -p {rows} {manifest} /root/")
    forged = json.loads(commune.on(SENDER, f"cat {rows}"))
    forged["public.auth_user"]["rows"] += 1
    commune.on(SENDER, f"cat > {rows} <<'E'\n{json.dumps(forged)}\nE")
    restore = (
        f"runuser -u postgres -- /usr/local/lib/commune/database_copy.py restore traceability {rows.rpartition('/')[0]}"
    )
    commune.on(SENDER, restore, codes=(1, 3))
    refused = commune.run(*commune.verb("restore"), "--yes", "--stamp", stamp, codes=(1,))
    commune.on(SENDER, f"cp -p /root/traceability.rows.json /root/manifest.json {rows.rpartition('/')[0]}/")

    assert "Restored from backup" not in refused.stdout
    assert query(commune, USERS) == before


def test_a_drill_proves_and_dates_the_backups(commune: Deployment) -> None:
    """Fresh machines get the newest backups and pass; the report has the date, the twin leaves nothing."""
    save_by_the_timers_unit(commune)
    told = commune.document(*commune.verb("drill"))["drill"]
    report = json.loads((commune.folder / "report" / "report.json").read_bytes())

    assert told["state"] == "passed"
    assert told["checks_passed"] > 50
    services = {each["name"]: each for each in told["hosts"][0]["services"]}
    assert services["postgresql"]["rows"] > 0
    assert report["drills"]["last"] == told
    assert report["drills"]["last_passed"] == told["started"] == load_drills(commune.folder).last_passed
    assert told["hosts"][0]["stamp"] in (commune.folder / "report" / "index.html").read_text(encoding="utf-8")
    assert not (commune.state / f"{commune.profile.stem}-drill").exists()


def test_a_lost_machine_gets_its_data_back(commune: Deployment) -> None:
    """Neither the machine nor the controller's records of backups are left: apply, restore, and all is as it was."""
    query(commune, ADD)
    before = query(commune, USERS)
    save_by_the_timers_unit(commune)
    commune.lab.destroy_machine(SENDER)
    shutil.rmtree(commune.folder / "runs")
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    assert PERSON not in query(commune, USERS)

    commune.run(*commune.verb("restore"), "--yes", codes=(2,))
    commune.run(*commune.verb("restore"), "--yes", "--away")
    restored = query(commune, USERS)
    query(commune, f"delete from auth_user where username = '{PERSON}'")
    verified = commune.document(*commune.verb("verify"))["summary"]
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert restored == before
    assert (verified["failed"], verified["not_reached"]) == (0, 0)
    assert set(again["changed"].values()) == {0}
