"""What somebody changed by hand is named by ``plan`` and mended by ``apply``, and nothing else is touched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.deployment import announced


@dataclass(frozen=True)
class Break:
    """One thing broken by hand: where, how, and the service and words by which a plan has to name it."""

    name: str
    script: str
    service: str
    words: str


SERVER = "server-1"
MACHINE = "gateway-1"
REMOVED = "/var/backups/commune/removed"
BREAKS = (
    Break("stopped service", "systemctl stop nginx.service", "reverse_proxy", "nginx.service"),
    Break("edited file", "echo '# by hand' >> /etc/ssh/sshd_config", "base", "# by hand"),
    Break(
        "edit that the service runs on",
        'sed -i \'s/"fee_commune": [0-9]*/"fee_commune": 1/\' /etc/cooperative_shop/settings.json'
        " && systemctl restart cooperative_shop.service",
        "cooperative_shop",
        "cooperative_shop.service",
    ),
    Break(
        "dropped firewall rule",
        "nft delete rule inet commune input handle "
        "$(nft --handle list chain inet commune input | sed -n 's/.*dport 443.*# handle //p' | head -n 1)",
        "base",
        "443",
    ),
    Break("sudo rule", "echo 'games ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/rogue", "base", "/etc/sudoers.d/rogue"),
    Break(
        "second root",
        "id rogue >/dev/null 2>&1 || useradd --no-create-home rogue;"
        " sed -i 's/^rogue:x:[0-9]*:/rogue:x:0:/' /etc/passwd",
        "base",
        "rogue: a second root",
    ),
    Break("root's keys", "echo ssh-ed25519 AAAA > /root/.ssh/authorized_keys", "base", "/root/.ssh/authorized_keys"),
    Break(
        "database role", "su postgres -c \"psql -qc 'ALTER ROLE traceability CREATEDB'\"", "postgresql", "traceability"
    ),
    Break(
        "superuser of the database",
        "su postgres -c \"psql -qc 'DROP ROLE IF EXISTS rogue' -c 'CREATE ROLE rogue SUPERUSER LOGIN'\"",
        "postgresql",
        "rogue: SUPERUSER LOGIN",
    ),
)


@dataclass(frozen=True)
class Mended:
    """What the first apply after the plan told, what it changed on each host (role, task), and what the next told."""

    told: dict[str, Any]
    changed: dict[str, list[tuple[str, str]]]
    started: bool
    again: dict[str, Any]


@pytest.fixture(scope="module")
def plan(commune):
    """The plan for a commune with everything broken at once, one machine deleted."""
    for each in BREAKS:
        commune.on(SERVER, each.script)
    commune.lab.destroy_machine(MACHINE)
    return commune.document(*commune.verb("plan"), "--exit-code", codes=(3,))


@pytest.fixture(scope="module")
def mended(commune, plan):
    """The commune after that plan was applied, and applied once more."""
    assert plan["hosts"]
    before = commune.document(*commune.verb("status"))["run"]["started"]
    told = commune.document(*commune.verb("apply"), "--yes")
    changed = commune.changes()
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")
    return Mended(told, changed, commune.document(*commune.verb("status"))["run"]["started"] > before, again)


def test_plan_names_the_deleted_machine(plan):
    """The machine is to be created, since it was deleted by hand; its services are to be installed."""
    machines = [(action["kind"], action["subject"]["en"], action["reason"]["en"]) for action in plan["machines"]]

    assert machines == [("create", f"machine {MACHINE}", "deleted by hand")]
    assert {action["kind"] for action in plan["hosts"] if action["subject"]["en"].startswith(MACHINE)} == {"create"}


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: each.name)
def test_plan_names_what_was_changed_by_hand(plan, broken):
    """Each change is an action on its service, with what differs."""
    actions = [action for action in plan["hosts"] if action["sources"][0]["key"] == broken.service]

    assert [action for action in actions if broken.words in action["detail"]], json.dumps(plan["hosts"], indent=1)


def test_apply_mends_it_and_nothing_else(mended):
    """Only the services that were broken change, the checks pass again, and the run after that changes nothing."""
    assert mended.started
    assert mended.told["summary"]["failed"] == mended.told["summary"]["not_reached"] == 0
    assert {role for role, _ in mended.changed[SERVER]} == {each.service for each in BREAKS}, mended.changed
    assert set(mended.again["changed"].values()) == {0}


def test_apply_does_what_the_plan_said(plan, mended):
    """The plan lists, for a host that stands, the tasks that then change something: all of them and no other."""
    assert sorted(announced(plan, SERVER)) == sorted(mended.changed[SERVER])


def test_what_goes_is_kept(commune, mended):
    """Files that went lie in the archive, and the second root is locked, without its number, and not deleted."""
    assert mended.changed
    kept = commune.on(SERVER, f"find {REMOVED} -type f | sed 's#^{REMOVED}/[^/]*##' | sort -u").split()
    passwd = commune.on(SERVER, "getent passwd rogue").split(":")
    locked = commune.on(SERVER, "passwd --status rogue").split()[1]
    powers = commune.on(
        SERVER, 'su postgres -c "psql -Atc \\"SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = \'rogue\'\\""'
    ).strip()

    assert {"/etc/sudoers.d/rogue", "/root/.ssh/authorized_keys"} <= set(kept)
    assert (passwd[2] != "0", passwd[6].strip(), locked) == (True, "/usr/sbin/nologin", "L")
    assert powers == "f|f"
