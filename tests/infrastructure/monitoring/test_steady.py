"""What was changed by hand in Zabbix is named by a plan and set back; an apply right after that changes nothing."""

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


def test_what_was_changed_by_hand_is_named_and_mended(commune, zabbix):
    """A plan names what somebody changed, apply sets it back with the templates, and the next one has nothing to do."""
    for query in ON_A_HOST:
        zabbix.ask(query)
    commune.on(SERVER, "sed -i 's/^RefreshActive.*/RefreshActiveChecks=3600/' /etc/commune-agent/zabbix_agent2.conf")
    plan = commune.document(*commune.verb("plan"), "--exit-code", codes=(3,))
    zabbix.ask(IN_A_TEMPLATE)
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    named = "\n".join(action["detail"] for action in plan["hosts"])
    assert {words for words in ("RefreshActiveChecks", "3 phút", "dashboard") if words not in named} == set()
    assert {action["sources"][0]["key"] for action in plan["hosts"]} == {"monitoring", "monitoring_agent"}
    assert set(again["changed"].values()) == {0}
    assert [zabbix.ask(query) for query in WRONG] == [["0"]] * len(WRONG)
