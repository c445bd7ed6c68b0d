"""What somebody changed by hand is named by ``plan`` and mended by ``apply``, and nothing else is touched."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Break:
    """One thing broken by hand: where, how, and the service and words by which a plan has to name it."""

    name: str
    script: str
    service: str
    words: str


SERVER = "server-1"
MACHINE = "gateway-1"
BREAKS = (
    Break("stopped service", "systemctl stop nginx.service", "reverse_proxy", "nginx.service"),
    Break("edited file", "echo '# by hand' >> /etc/ssh/sshd_config", "base", "# by hand"),
    Break(
        "dropped firewall rule",
        "nft delete rule inet commune input handle "
        "$(nft --handle list chain inet commune input | sed -n 's/.*dport 443.*# handle //p')",
        "base",
        "443",
    ),
    Break(
        "database role", "su postgres -c \"psql -qc 'ALTER ROLE traceability CREATEDB'\"", "postgresql", "traceability"
    ),
)


@pytest.fixture(scope="module")
def plan(commune):
    """The plan for a commune with everything broken at once, one machine deleted."""
    for each in BREAKS:
        commune.on(SERVER, each.script)
    commune.lab.destroy_machine(MACHINE)
    return commune.document(*commune.verb("plan"), "--exit-code", codes=(3,))


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


def test_apply_mends_it_and_nothing_else(commune, plan):
    """Only the services that were broken change, the checks pass again, and the run after that changes nothing."""
    before = commune.document(*commune.verb("status"))["run"]["started"]
    mended = commune.document(*commune.verb("apply"), "--yes")
    changed = _changes(commune)
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert commune.document(*commune.verb("status"))["run"]["started"] > before
    assert mended["summary"]["failed"] == mended["summary"]["not_reached"] == 0
    assert {role for host, role in changed if host == SERVER} == {each.service for each in BREAKS}, changed
    assert again["changed"] == {"machines": 0, "hosts": 0}


def _changes(commune):
    """Return what the last run of the site's playbook changed: the tasks by (host, role)."""
    run = max((commune.folder / "runs").glob("*-site"))
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    changed = [event for event in events if event.get("state") == "changed"]
    return {
        (event["host"], event["role"]): [each["task"] for each in changed if each["role"] == event["role"]]
        for event in changed
    }
