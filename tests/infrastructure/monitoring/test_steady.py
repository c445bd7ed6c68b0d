"""A second apply changes nothing; what was changed by hand in Zabbix is named by a plan and set back."""

from __future__ import annotations

from tests.infrastructure.monitoring.zabbix import SERVER

BY_HAND = (
    "update triggers set priority = 1 where templateid is not null and description like '%3 phút%'",
    "update items set delay = '7m' where templateid is null and key_ = 'system.cpu.util'",
)


def test_a_second_apply_changes_nothing(commune):
    """Nothing is changed by an apply right after the first one."""
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    assert set(again["changed"].values()) == {0}


def test_what_was_changed_by_hand_is_named_and_mended(commune, zabbix):
    """A trigger of one host and an item of a template that somebody changed, and the agent's settings, are drift."""
    for query in BY_HAND:
        zabbix.ask(query)
    commune.on(SERVER, "sed -i 's/^RefreshActive.*/RefreshActiveChecks=3600/' /etc/commune-agent/zabbix_agent2.conf")
    plan = commune.document(*commune.verb("plan"), "--exit-code", codes=(3,))
    commune.run(*commune.verb("apply"), "--yes", "--no-verify")
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    named = "\n".join(action["detail"] for action in plan["hosts"])
    assert {words for words in ("RefreshActiveChecks", "3 phút", "Bộ xử lý bận") if words not in named} == set()
    assert set(again["changed"].values()) == {0}
    assert zabbix.ask("select count(*) from triggers where description like '%3 phút%' and priority <> 4") == ["0"]
    assert zabbix.ask("select count(*) from items where key_ = 'system.cpu.util' and delay <> '1m'") == ["0"]
