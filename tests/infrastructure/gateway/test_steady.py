"""A gateway stays as it was made: a second apply changes nothing, and after a restart all is as before."""

from __future__ import annotations

from tests.deployment import announced
from tests.waiting import wait_until

ROUTER = "gateway-1"
UNITS = (
    "chrony commune-gateway-firewall commune-shaping@download commune-shaping@wan commune-shaping@wan2 commune-uplinks "
    "kea-dhcp4-server unbound wg-quick@vpn"
)
PATIENCE = 90.0


def state_of(commune):
    """Return what makes the machine a gateway: rules, addresses, routes, shares, units."""
    script = "nft --stateless list ruleset; ip -brief -4 address; ip route | sort; sysctl net.ipv4.ip_forward; "
    script += "for link in wan wan2 download; do tc class show dev $link | sed 's/ leaf [^ ]*//' | sort; done; "
    script += "for link in office wifi; do tc filter show dev $link egress | grep -c mirred; done; "
    script += f"systemctl is-active {UNITS}; wg show vpn peers | sort; ip -6 -brief address show scope link"
    return "\n".join(line.split("@")[0] if "@if" in line else line for line in commune.on(ROUTER, script).splitlines())


BREAKS = {
    "a hole between two zones": (
        'nft insert rule inet commune_gateway forward iifname "sensor" accept comment "planted"',
        "planted",
    ),
    "an address by hand": (
        "printf '[Match]\\nName=office\\n' > /etc/systemd/network/00-hand.network",
        "Name=office",
    ),
    "names from elsewhere": ("echo 'server: # by hand' >> /etc/unbound/unbound.conf", "# by hand"),
    "no more addresses": ("systemctl disable --now kea-dhcp4-server.service", "kea-dhcp4-server.service"),
    "a share taken away": ("systemctl stop commune-shaping@wan.service", "commune-shaping@wan.service"),
}


def test_what_was_changed_by_hand_is_named_and_mended(commune):
    """The plan names each change; apply mends them, and the one after that has nothing to do."""
    for script, _ in BREAKS.values():
        commune.on(ROUTER, script)
    plan = commune.document(*commune.verb("plan"), "--exit-code", codes=(3,))
    commune.run(*commune.verb("apply"), "--yes", "--no-verify", "--limit", ROUTER)
    changed = commune.changes()[ROUTER]
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")

    named = "\n".join(action["detail"] for action in plan["hosts"])
    assert {what for what, (_, words) in BREAKS.items() if words not in named} == set()
    assert {action["sources"][0]["key"] for action in plan["hosts"]} == {"zone_gateway"}
    assert sorted(announced(plan, ROUTER)) == sorted(changed)
    assert set(again["changed"].values()) == {0}
    assert "planted" not in commune.on(ROUTER, "nft list ruleset")


def test_after_a_restart_it_is_as_before(commune):
    """The gateway restarts: rules, addresses, routes and services come back as they were, the rules before any link."""
    before = state_of(commune)
    commune.restart(ROUTER, seconds=PATIENCE)
    wait_until(lambda: state_of(commune) == before, "the gateway is as it was", seconds=PATIENCE, step=1)
    times = [
        int(commune.on(ROUTER, f"systemctl show --value --property {name}TimestampMonotonic {unit}"))
        for unit, name in (("commune-gateway-firewall", "ActiveEnter"), ("systemd-networkd", "InactiveExit"))
    ]

    assert 0 < times[0] <= times[1]
    commune.run(*commune.verb("verify"))


def test_leases_come_back_from_a_backup(commune):
    """Leases that were lost come back by a restore: their owner's address is given to nobody else."""
    with commune.lab.station("office", site="ubnd") as owner:
        address, hardware = owner.address, owner.hardware_address
    commune.run(*commune.verb("backup"), "--limit", ROUTER)
    lose = "systemctl stop kea-dhcp4-server; rm /var/lib/kea/kea-leases4.csv*; systemctl start kea-dhcp4-server"
    commune.on(ROUTER, lose)
    read = "cat /var/lib/kea/kea-leases4.csv"
    wait_until(lambda: commune.on(ROUTER, read, codes=(0, 1)), "the server has a file of leases again", seconds=30)
    assert address not in commune.on(ROUTER, read)
    commune.run(*commune.verb("restore"), "--limit", ROUTER, "--yes")

    assert f"{address},{hardware}," in commune.on(ROUTER, "cat /var/lib/kea/kea-leases4.csv*")
    with commune.lab.station("office", site="ubnd") as other:
        assert other.address != address
    with commune.lab.station("office", site="ubnd", hardware_address=hardware) as again:
        assert again.address == address


def test_without_its_rules_it_forwards_nothing(commune):
    """When somebody stops the firewall the gateway stops forwarding, and what starts it again brings both back."""
    server = commune.site.host("server-1").address
    with commune.lab.probe("office", site="ubnd") as office:
        assert office.reaches(server, 443)
        commune.on(ROUTER, "systemctl stop nftables.service")
        try:
            assert commune.on(ROUTER, "sysctl --values net.ipv4.ip_forward").strip() == "0"
            assert not office.reaches(server, 443)
        finally:
            commune.on(ROUTER, "systemctl start nftables.service")
        assert office.reaches(server, 443)
