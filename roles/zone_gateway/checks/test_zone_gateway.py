"""Checks of the zone gateway: it lets pass what the Site names and nothing else, and its daemons do their work."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

WANS = frozenset({"wan", "wan2"})
ANYWHERE = "0.0.0.0/0"
BLOCKED = "bi-chan.example"
EXPOSURE_LIMIT = 4.0
UNITS = (
    "chrony.service",
    "commune-gateway-firewall.service",
    "commune-links.service",
    "commune-uplinks.service",
    "kea-dhcp4-server.service",
    "unbound.service",
)
# One question to a server by UDP, from this machine: arguments are address, port and the question in hexadecimal.
ASK = (
    "import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(5);"
    " s.connect((sys.argv[1],int(sys.argv[2]))); s.send(bytes.fromhex(sys.argv[3])); print(s.recv(4096).hex())"
)


def ask(host, address, port, question):
    """Return what a server on the machine answers to a datagram."""
    return bytes.fromhex(host.check_output("python3 -I -c %s %s %s %s", ASK, address, str(port), question.hex()))


def lookup(host, name):
    """Return the result code and the last address of the answer to a question for an IPv4 address."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = b"\x00\x4d\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"
    answer = ask(host, "127.0.0.1", 53, question)
    return answer[3] & 15, ".".join(map(str, answer[-4:])) if answer[7] else None


def rules(host, chain):
    """Return the rules of a chain of the gateway's table, as nft's JSON has them."""
    listing = json.loads(host.check_output("nft --json list chain inet commune_gateway %s", chain))["nftables"]
    return [item["rule"] for item in listing if "rule" in item]


def plain(value):
    """Return the right side of a match as a set of texts."""
    if isinstance(value, dict) and "set" in value:
        return frozenset().union(*map(plain, value["set"]))
    if isinstance(value, dict) and "prefix" in value:
        return frozenset({f"{value['prefix']['addr']}/{value['prefix']['len']}"})
    return frozenset({str(value)})


def describe(rule):
    """Return what a rule that accepts looks at: links, addresses, protocol and ports."""
    found = {"iifname": frozenset(), "saddr": frozenset({ANYWHERE}), "oifname": frozenset()}
    found |= {"daddr": frozenset({ANYWHERE}), "protocol": frozenset({"any"}), "dport": frozenset()}
    for match in (item["match"] for item in rule["expr"] if "match" in item):
        left = match["left"]
        if "meta" in left:
            key = left["meta"]["key"]
            found["protocol" if key == "l4proto" else key] = plain(match["right"])
        elif "payload" in left:
            found[left["payload"]["field"]] = plain(match["right"])
            if left["payload"]["field"] == "dport":
                found["protocol"] = frozenset({left["payload"]["protocol"]})
    return tuple(found.items())


def expected(rule, uplinks, way_in=None, source=None):
    """Return the same of a rule of the Site."""
    links = {zone: uplinks if zone in WANS else frozenset({zone}) for zone in (rule["from_zone"], rule["to_zone"])}
    return (
        ("iifname", way_in or links[rule["from_zone"]]),
        ("saddr", source or frozenset({rule["source"]})),
        ("oifname", links[rule["to_zone"]]),
        ("daddr", frozenset({rule["destination"]})),
        ("protocol", frozenset({rule["protocol"]})),
        ("dport", frozenset(map(str, rule["ports"]))),
    )


def links_of(commune):
    """Return the links that this machine has: the Site's, or those that the profile lays on ports."""
    name = commune["commune_host"]["name"]
    rows = [row["zone"] for row in commune["zone_gateway_links"] if row["host"] in (None, name)]
    return [link for link in commune["commune_host"]["interfaces"] if not rows or link["zone"] in rows]


def check_confined(host, unit):
    """Check that a unit runs, after a boot too, in a sandbox."""
    analysis = host.run("systemd-analyze security --no-pager %s", unit)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", analysis.stdout)

    assert host.service(unit).is_running
    assert host.service(unit).is_enabled
    assert level is not None, analysis.stderr
    assert float(level[1]) <= EXPOSURE_LIMIT


def staff_of(commune):
    """Return the addresses of those who come by the VPN from afar."""
    base = commune["commune"]["zones"]["management"]["prefix"].rpartition(".")[0]
    return frozenset(f"{base}.{row['number']}" for row in commune["zone_gateway_staff"])


def accepted(host):
    """Return what the rules between the zones let begin."""
    return [describe(rule) for rule in rules(host, "forward") if {"accept": None} in rule["expr"] and "comment" in rule]


@pytest.mark.title(
    vi="Giữa các vùng chỉ đi qua đúng những gì ma trận cho phép",
    en="Between the zones passes exactly what the Site names",
)
def test_forwards_exactly_the_matrix(host, commune):
    """Between the zones passes exactly what the Site names."""
    uplinks = frozenset(link["zone"] for link in links_of(commune)) & WANS
    staff, management = staff_of(commune), commune["commune"]["zones"]["management"]["prefix"]
    wanted = []
    for rule in commune["commune_host"]["forward"]:
        wanted.append(expected(rule, uplinks))
        if staff and (rule["from_zone"], rule["source"]) == ("management", management):
            wanted.append(expected(rule, uplinks, frozenset({"vpn"}), staff))

    assert Counter(accepted(host)) == Counter(wanted)


@pytest.mark.title(vi="Mọi thứ khác bị chặn, cả IPv6", en="Everything else is dropped, IPv6 whole")
def test_denies_by_default(host):
    """Everything else is dropped, IPv6 whole."""
    listing = json.loads(host.check_output("nft --json list table inet commune_gateway"))["nftables"]
    policies = {item["chain"]["name"]: item["chain"].get("policy") for item in listing if "chain" in item}
    first = rules(host, "forward")[0]["expr"]

    assert policies["forward"] == "drop"
    assert first[0]["match"]["right"] == "ipv6"
    assert first[1] == {"drop": None}
    assert host.check_output("ip -6 -oneline address show scope link") == ""
    assert host.sysctl("net.ipv4.ip_forward") == 1


@pytest.mark.title(
    vi="Chỉ cổng này được hỏi tên miền ra ngoài", en="Only this machine may ask name servers on the Internet"
)
def test_only_the_resolver_asks_outside(host):
    """Only this machine may ask name servers on the Internet."""
    found = [
        index
        for index, rule in enumerate(rules(host, "forward"))
        if {"jump": {"target": "refused"}} in rule["expr"] and dict(describe(rule))["dport"] == {"53", "853"}
    ]
    first_accepted = next(index for index, rule in enumerate(rules(host, "forward")) if "comment" in rule)

    assert len(found) == 1
    assert found[0] < first_accepted


@pytest.mark.title(vi="Không vùng nào mạo được địa chỉ vùng khác", en="No zone can speak for another's addresses")
def test_sources_are_strict(host, commune):
    """No zone can speak for another's addresses."""
    inner = {link["zone"] for link in links_of(commune)} - WANS
    allowed = {}
    for rule in rules(host, "spoofing"):
        seen = dict(describe(rule))
        if {"accept": None} in rule["expr"] and seen["iifname"] <= inner:
            for zone in seen["iifname"]:
                allowed.setdefault(zone, set()).update(seen["saddr"])

    assert allowed == {zone: {commune["commune"]["zones"][zone]["prefix"]} for zone in inner}
    assert rules(host, "spoofing")[-1]["expr"] == [{"drop": None}]


@pytest.mark.title(vi="Mỗi vùng có đúng địa chỉ của cổng", en="Each zone has the gateway's address, and no other")
def test_addresses(host, commune):
    """Each zone has the gateway's address, and no other."""
    found = {
        link["ifname"]: [f"{each['local']}/{each['prefixlen']}" for each in link["addr_info"]]
        for link in json.loads(host.check_output("ip -json -4 address show"))
    }
    written = {row["zone"]: row for row in commune["zone_gateway_links"]}
    for link in links_of(commune):
        if written.get(link["zone"], {}).get("method", "site") == "site":
            assert found[link["zone"]] == [f"{link['address']}/{link['prefix_length']}"]


@pytest.mark.title(vi="Đường ra Internet chính đứng trước đường dự phòng", en="The main way out comes before the spare")
def test_default_routes(host, commune):
    """The main way out comes before the spare."""
    routes = json.loads(host.check_output("ip -json -4 route show default"))
    metrics = {route["dev"]: route.get("metric", 0) for route in routes if str(route.get("protocol")) != "201"}

    assert metrics == {
        zone: metric
        for zone, metric in (("wan", 100), ("wan2", 200))
        if zone in {link["zone"] for link in links_of(commune)}
    }


@pytest.mark.title(
    vi="Các tiến trình của cổng chạy, tự chạy khi khởi động, trong hộp cát",
    en="The gateway's daemons run, after a boot too, each in a sandbox",
)
@pytest.mark.parametrize("unit", UNITS)
def test_daemons_run_confined(host, unit):
    """The gateway's daemons run, after a boot too, each in a sandbox."""
    check_confined(host, unit)


@pytest.mark.title(
    vi="Tên của xã được trả lời, tên bị chặn thì không", en="The commune's names are answered, a blocked one is not"
)
def test_names(host, commune):
    """The commune's names are answered, a blocked one is not."""
    for machine in commune["commune"]["hosts"]:
        code, address = lookup(host, machine["fqdn"])
        assert (code, address) == (0, machine["address"])

    assert lookup(host, BLOCKED) == (3, None)


@pytest.mark.title(vi="Chữ ký DNSSEC được kiểm bằng khóa gốc", en="DNSSEC is validated by the root's key")
def test_validates_dnssec(host):
    """DNSSEC is validated by the root's key."""
    anchors = host.check_output("unbound-checkconf -o auto-trust-anchor-file")

    assert "validator" in host.check_output("unbound-checkconf -o module-config").split()
    assert host.file("/var/lib/unbound").user == "unbound"  # it follows the root's changes of key
    assert re.search(r"^\.\s.*\bDNSKEY\s+257\b", host.file(anchors).content_string, re.MULTILINE)


@pytest.mark.title(vi="Máy của xã không bị cấp trùng địa chỉ", en="No machine's address is given to a client")
def test_pools_leave_machines_out(host, commune):
    """No machine's address is given to a client."""
    text = host.file("/etc/kea/kea-dhcp4.conf").content_string
    subnets = json.loads(text[text.index("{") :])["Dhcp4"]["subnet4"]
    zones = {link["zone"] for link in links_of(commune)} - WANS

    assert {subnet["interface"] for subnet in subnets} == zones & set(commune["zone_gateway_dhcp_zones"])
    for machine in commune["commune"]["hosts"]:
        number = tuple(map(int, machine["address"].split(".")))
        for first, last in (pool["pool"].split(" - ") for subnet in subnets for pool in subnet["pools"]):
            assert not tuple(map(int, first.split("."))) <= number <= tuple(map(int, last.split(".")))


@pytest.mark.title(vi="Cổng trả lời giờ cho mọi vùng", en="The gateway serves the time to every zone")
def test_serves_time(host, commune):
    """The gateway serves the time to every zone."""
    for link in links_of(commune):
        if link["zone"] not in WANS:
            answer = ask(host, link["address"], 123, b"\x23" + bytes(47))
            assert 1 <= answer[1] <= 15


@pytest.mark.title(
    vi="Mỗi vùng giữ được phần đường truyền của mình", en="Each zone keeps its share of the link, each client its part"
)
def test_link_is_shared(host, commune):
    """Each zone keeps its share of the link, each client its part."""
    uplinks = {link["zone"] for link in links_of(commune)} & WANS
    for name in uplinks | {"download"} if uplinks else ():
        check_confined(host, f"commune-shaping@{name}.service")
    for uplink in uplinks:
        classes = json.loads(host.check_output("tc -json class show dev %s", uplink))
        (root,) = (each for each in classes if each.get("root"))
        zones = [each for each in classes if each.get("parent") == root["handle"]]
        leaves = [each for each in classes if "leaf" in each]

        assert sum(each["rate"] for each in zones) <= root["rate"]
        assert {each["ceil"] for each in zones} == {root["ceil"]}
        assert len(leaves) > len(zones)


@pytest.mark.title(vi="Đường truyền được theo dõi", en="The ways to the Internet are watched")
def test_uplinks_are_watched(host, commune):
    """The ways to the Internet are watched."""
    seen = json.loads(host.file("/run/commune-uplinks/state.json").content_string)

    assert set(seen["alive"]) == {link["zone"] for link in links_of(commune)} & WANS
    assert seen["active"] in seen["alive"]


@pytest.mark.title(vi="Khóa VPN chỉ máy này đọc được", en="The VPN's private key is this machine's alone")
def test_vpn(host, commune):
    """The VPN's private key is this machine's alone."""
    others = [site for name, site in commune["commune"]["sites"].items() if name != commune["commune_host"]["site"]]
    peers = len([site for site in others if site["router"]]) + len(commune["zone_gateway_staff"])
    file = host.file("/etc/wireguard/vpn.conf")
    if not peers:
        assert not file.exists
        assert not host.service("wg-quick@vpn.service").is_running
        pytest.skip("xã chỉ có một điểm, không ai vào từ xa | the commune has one site, nobody comes from afar")

    assert (file.user, file.mode) == ("root", 0o600)
    assert len(host.check_output("wg show vpn peers").split()) == peers
    wanted = {
        zone["prefix"] for site in others if site["router"] for name, zone in site["zones"].items() if name not in WANS
    }
    routes = json.loads(host.check_output("ip -json -4 route show dev vpn"))
    assert {route["dst"] for route in routes} == wanted | staff_of(commune)
    check_confined(host, "wg-quick@vpn.service")
