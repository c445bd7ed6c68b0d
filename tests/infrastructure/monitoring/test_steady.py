"""A second apply changes nothing; what was changed by hand in Zabbix is named by a plan and set back."""

from __future__ import annotations

from tests.infrastructure.monitoring.zabbix import SERVER

# what somebody did in the pages: to a trigger of one host and to the dashboard; then to the template itself
ON_A_HOST = (
    "update triggers set priority = 1 where templateid is not null and description like '%3 phút%'",
    "update widget set width = 20 where type = 'tophosts'",
)
IN_A_TEMPLATE = "update items set delay = '7m' where templateid is null and key_ = 'system.cpu.util'"
WRONG = (
    "select count(*) from triggers where description like '%3 phút%' and priority <> 4",
    "select count(*) from widget where width = 20",
    "select count(*) from items where key_ = 'system.cpu.util' and delay <> '1m'",
)


def test_a_second_apply_changes_nothing(commune):
    """Nothing is changed by an apply right after the first one."""
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert set(again["changed"].values()) == {0}


def named_by_plan(commune):
    """Return all that a plan says of the hosts."""
    plan = commune.document(*commune.verb("plan"), "--exit-code", codes=(3,))
    return "\n".join(action["detail"] for action in plan["hosts"])


def test_what_was_changed_by_hand_is_named_and_mended(commune, zabbix):
    """Triggers, dashboard, templates and the agent's settings that somebody changed are named, and set back."""
    for query in ON_A_HOST:
        zabbix.ask(query)
    commune.on(SERVER, "sed -i 's/^RefreshActive.*/RefreshActiveChecks=3600/' /etc/commune-agent/zabbix_agent2.conf")
    first = named_by_plan(commune)
    zabbix.ask(IN_A_TEMPLATE)
    second = named_by_plan(commune)
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert {words for words in ("RefreshActiveChecks", "3 phút", "dashboard") if words not in first} == set()
    assert "Bộ xử lý bận" in second
    assert set(again["changed"].values()) == {0}
    assert [zabbix.ask(query) for query in WRONG] == [["0"]] * len(WRONG)
