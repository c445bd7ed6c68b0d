"""RouterOS exports: read in either form, compared entry by entry, changed by commands."""

from __future__ import annotations

import pytest

from smartcommune.devices.platforms.mikrotik_routeros import export

SECTIONED = """\
# 2026-11-24 12:00:00 by RouterOS 7.16
# software id = ABCD-EFGH
/interface bridge
add comment=commune name=commune vlan-filtering=yes
/interface wifi configuration
add comment=commune country=Vietnam name=ubnd ssid="UBND x\\C3\\A3" \\
    mode=ap
/ip service
set telnet disabled=yes
/interface wifi
set [ find default-name=wifi1 ] configuration=ubnd disabled=no
/system identity
set name=ap-1
"""
TERSE = """\
/interface bridge add comment=commune name=commune vlan-filtering=yes
/interface wifi configuration add comment=commune country=Vietnam name=ubnd ssid="UBND x\\C3\\A3" mode=ap
/ip service set telnet disabled=yes
/interface wifi set [ find default-name=wifi1 ] configuration=ubnd disabled=no
/system identity set name=ap-1
"""


def commands(running, wanted):
    """Return the commands between two exports."""
    return [each.command for each in export.differences(export.parse(running), export.parse(wanted))[0]]


def test_both_forms_are_read_alike():
    """Sections with continued lines and one command a line are the same entries; letters are letters again."""
    assert export.parse(SECTIONED) == export.parse(TERSE)
    assert export.parse(TERSE)[1].values["ssid"] == "UBND xã"


@pytest.mark.parametrize("value", ["a b", 'say "x"', "cost $5", "back\\slash", "xã", "a;b"])
def test_values_survive_quoting(value):
    """A value that needs quotes is read as it was written."""
    (entry,) = export.parse(f"/interface bridge add name={export.quoted(value)}")

    assert entry.values["name"] == value
    assert export.quoted(value).isascii()


def test_entries_of_ours_that_nobody_wants_go_first_and_last_ones_first():
    """What bears our comment and is not wanted is removed, in reverse, before anything is added."""
    running = (
        "/interface wifi security add name=old comment=commune\n"
        "/interface wifi configuration add name=old security=old comment=commune\n"
    )
    wanted = "/interface wifi security add name=new comment=commune\n"

    assert commands(running, wanted) == [
        "/interface wifi configuration remove [ find name=old ]",
        "/interface wifi security remove [ find name=old ]",
        "/interface wifi security add name=new comment=commune",
    ]


def test_foreign_entries_are_named_and_left():
    """An entry without our comment is nobody's business but its owner's."""
    found, foreign = export.differences(export.parse("/ip address add address=192.0.2.1/24 interface=ether5"), ())

    assert found == []
    assert foreign == ["/ip address add 192.0.2.1/24"]


def test_only_what_differs_is_set():
    """Parameters that are right are not sent again; a setting at its default is not in the export."""
    running = "/ip dns set servers=10.20.6.9\n/interface vlan add name=management interface=commune vlan-id=6\n"
    wanted = (
        "/ip dns set servers=10.20.6.1\n/system ntp client set enabled=yes\n"
        "/interface vlan add name=management interface=commune vlan-id=106 comment=commune\n"
    )

    assert commands(running, wanted) == [
        "/ip dns set servers=10.20.6.1",
        "/system ntp client set enabled=yes",
        "/interface vlan set [ find name=management ] vlan-id=106 comment=commune",
    ]


def test_what_somebody_added_to_an_entry_of_ours_goes():
    """An entry of ours with a parameter that nobody rendered is made anew; what the device adds itself is not one."""
    wanted = "/interface bridge port add bridge=commune interface=ether1 comment=commune"

    assert commands(f"{wanted} disabled=yes", wanted) == [
        "/interface bridge port remove [ find interface=ether1 ]",
        "/interface bridge port add bridge=commune interface=ether1 comment=commune",
    ]
    address = "/ip address add address=10.20.6.200/24 interface=management comment=commune"
    assert commands(f"{address} network=10.20.6.0", address) == []


def test_secrets_are_set_and_never_compared():
    """An export hides secrets: an entry without them is not different, and they can be set alone."""
    wanted = export.parse("/interface wifi security add name=ubnd passphrase=‹wifi/device/ubnd› comment=commune")
    running = export.parse("/interface wifi security add name=ubnd comment=commune")

    assert export.differences(running, wanted)[0] == []
    assert export.secret_commands(wanted, ["wifi/device/ubnd"]) == [
        "/interface wifi security set [ find name=ubnd ] passphrase=‹wifi/device/ubnd›"
    ]
