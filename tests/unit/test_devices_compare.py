"""Comparing configurations: what counts, what does not, what is sent, and what is never touched."""

from __future__ import annotations

import pytest

from smartcommune.devices.models import MASK, conceal, mark, marks, reveal
from smartcommune.devices.platforms import PLATFORMS
from smartcommune.devices.render import render
from tests.device_samples import SECRETS, make_device

VRP_FACTORY = """\
!Software Version V600R023C00
#
sysname HUAWEI
#
vlan batch 1 10 106
#
telnet server enable
stelnet server enable
#
aaa
 local-user admin password irreversible-cipher $1c$abcdef$
#
interface Vlanif106
 ip address 10.20.6.200 255.255.255.0
#
interface GigabitEthernet0/0/1
 port link-type access
 port default vlan 10
#
interface GigabitEthernet0/0/2
 description not ours
#
interface GigabitEthernet0/0/24
 port link-type trunk
 port trunk allow-pass vlan 1 to 104 106
#
return
"""


def compared(platform, running, device=None):
    """Return the comparison of a device's running configuration with its design."""
    device = device or make_device(platform)
    return PLATFORMS[platform].compare(device, running, render(None, device))


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_rendered_configuration_has_no_secret_in_it(platform):
    """A rendered configuration names secrets and has none; it ends in a line."""
    text = render(None, make_device(platform))

    assert not [value for value in SECRETS.values() if value in text]
    assert marks(text) <= set(SECRETS)
    assert text.endswith("\n")
    assert "10.20.6.1" in text


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_design_equals_itself(platform):
    """What is as designed needs no line, secrets shown encrypted or not at all."""
    text = conceal(render(None, make_device(platform))).replace(MASK, "encrypted")

    found = compared(platform, text)

    assert found.equal, found.diff
    assert not found.diff.strip() or platform == "frr"


@pytest.mark.parametrize("platform", ["cisco_ios", "frr", "huawei_vrp"])
def test_order_and_volatile_lines_do_not_count(platform):
    """Sections in another order, comments, headers and versions are no difference."""
    sections: list[list[str]] = []
    for line in conceal(render(None, make_device(platform))).splitlines():
        if line.startswith(" "):
            sections[-1].append(line)
        else:
            sections.append([line])
    shuffled = [line for section in reversed(sections) for line in ["!", *section]]
    header = ["Building configuration...", "", "Current configuration : 4711 bytes"]

    assert compared(platform, "\n".join([*header, *shuffled, "end" if platform != "huawei_vrp" else "return"])).equal


def test_vrp_sends_what_differs_and_leaves_the_rest():
    """Ports, VLANs and services of ours are brought to the design; foreign ports, VLANs and accounts stay."""
    found = compared("huawei_vrp", VRP_FACTORY)

    assert "undo telnet server enable" in found.lines
    assert "vlan batch 101 to 105" in found.lines
    assert "undo sysname" not in "\n".join(found.lines)
    start = found.lines.index("interface GigabitEthernet0/0/1")
    assert set(found.lines[start + 1 : start + 3]) == {"port default vlan 102", "description Ban mot cua"}
    assert found.lines[start + 3] == "quit"
    start = found.lines.index("interface GigabitEthernet0/0/24")
    assert set(found.lines[start + 1 : start + 4]) == {
        "undo port trunk allow-pass vlan 1 to 100",
        "port trunk allow-pass vlan 105",
        "quit",
    }
    assert {"aaa", "interface GigabitEthernet0/0/2", "vlan batch 10"} <= set(found.foreign)
    assert "vlan batch 10" not in "\n".join(found.lines).replace("vlan batch 101", "")


def test_vrp_lists_are_folded_to_ten_ranges_a_line():
    """Many scattered VLANs are taken off a trunk in few lines, none with more ranges than the switch takes."""
    scattered = " ".join(str(number) for number in range(200, 240, 2))
    running = VRP_FACTORY.replace("vlan 1 to 104 106", f"vlan 101 to 106 {scattered}")

    removed = [line for line in compared("huawei_vrp", running).lines if line.startswith("undo port trunk")]

    lists = [line.split("vlan ")[1].split() for line in removed]
    assert sorted(int(number) for numbers in lists for number in numbers) == [1, *range(200, 240, 2)]
    assert [len(numbers) for numbers in lists] == [10, 10, 1]


def test_a_line_with_a_secret_is_sent_as_a_mark_and_shown_as_a_mask():
    """The difference that people see has no secret, and the line that is sent gets it at the last moment."""
    found = compared("huawei_vrp", VRP_FACTORY)
    line = next(each for each in found.lines if "privacy-mode" in each)

    assert mark("dev-1/device/snmp_priv") in line
    assert reveal(line, SECRETS).endswith("cipher Privacy-key-1")
    assert "snmp_priv" not in found.diff
    assert MASK in found.diff


def test_a_line_with_a_secret_that_goes_is_taken_back_by_its_own_words():
    """A community of SNMPv2 is not shown, and the line that removes it has it; keys of VRP go by their short form."""
    device = make_device("cisco_ios")
    running = conceal(render(None, device)) + "snmp-server community Z0mb1e ro\n"
    found = compared("cisco_ios", running, device)
    assert found.lines == ("no snmp-server community Z0mb1e ro",)
    assert "Z0mb1e" not in found.diff

    unpolled = make_device("huawei_vrp", pollers=())
    shown = conceal(render(None, make_device("huawei_vrp"))).replace(MASK, "%^%#Z0mb1e%^%#")
    found = compared("huawei_vrp", shown + "snmp-agent community read Z0mb1e\n", unpolled)
    assert "undo snmp-agent community read Z0mb1e" in found.lines
    assert "undo snmp-agent usm-user v3 commune privacy-mode" in found.lines
    assert "Z0mb1e" not in found.diff


def test_ios_says_what_is_off_and_folds_nothing():
    """What IOS has on by default is switched off by a line of its own; its one-line list of VLANs is replaced."""
    running = (
        "hostname Switch\nip http server\ninterface GigabitEthernet1/0/24\n"
        " switchport trunk allowed vlan 1-4094\n switchport mode trunk\n"
    )
    found = compared("cisco_ios", running)

    assert "no ip http server" in found.lines
    assert "no hostname Switch" not in found.lines
    assert "switchport trunk allowed vlan 101-106" in found.lines
    assert "no switchport trunk allowed vlan 1-4094" not in found.lines


def test_frr_replaces_routes_and_forwards():
    """Static routes that nobody declared go, declared ones come, and a router forwards."""
    running = "frr version 10.3\nhostname dev-1\nno ip forwarding\nno ipv6 forwarding\nip route 10.9.0.0/16 10.20.6.9\n"
    found = compared("frr", running)

    assert set(found.lines) >= {
        "no ip route 10.9.0.0/16 10.20.6.9",
        "ip route 10.31.0.0/21 blackhole",
        "ip forwarding",
    }
    assert found.foreign == ("no ipv6 forwarding",)


@pytest.mark.parametrize("platform", ["cisco_ios", "huawei_vrp", "mikrotik_routeros"])
def test_secrets_can_be_set_anew_alone(platform):
    """A secret that changed is sent by the lines that carry it, and no others."""
    wanted = render(None, make_device(platform))
    lines = PLATFORMS[platform].secret_lines(wanted, ["dev-1/device/snmp_auth"])

    assert lines
    assert marks("\n".join(lines)) >= {"dev-1/device/snmp_auth"}
    assert PLATFORMS[platform].secret_lines(wanted, []) == ()


@pytest.mark.parametrize(
    ("platform", "shown", "secret"),
    [
        ("huawei_vrp", " local-user admin password irreversible-cipher $1c$Z0mb1e$", "$1c$Z0mb1e$"),
        ("cisco_ios", "username admin privilege 15 secret 9 $9$Z0mb1e", "$9$Z0mb1e"),
        ("cisco_ios", "snmp-server community Z0mb1e ro", "Z0mb1e"),
        ("mikrotik_routeros", '/interface wifi security add name=x passphrase="Z0mb1e pass"', "Z0mb1e pass"),
    ],
)
def test_shown_configurations_are_redacted(platform, shown, secret):
    """What a device shows of its secrets, encrypted ones too, is not shown on."""
    redacted = PLATFORMS[platform].redact(shown)

    assert secret not in redacted
    assert MASK in redacted
