"""Ansible filters of the role: links, shares, WireGuard keys, address pools, names to block; all of them pure."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_PURPOSE = b"smartcommune wireguard private key 1\0"
_POOL = (100, 199)
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f]*:[0-9a-f:.]+")
_UPLINKS = ("wan", "wan2")
_OWN_PERCENT = 5  # of the link, for what the gateway itself sends
_POLICY = ("CNAME", "A", "AAAA", "TXT")  # record types of a policy zone, after the name


def gateway_links(
    interfaces: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    zones: Mapping[str, Mapping[str, Any]],
    link: Mapping[str, int],
    named: bool = False,
) -> list[dict[str, Any]]:
    """Return the router's links: all ``interfaces`` of the Site, or those that ``rows`` of the profile put on a port.

    ``zones`` has prefix and gateway of each, ``link`` the rates of the site's way to the Internet in bit/s. Where links
    bear the zones' names already (``named``), rows tell which zones there are, and no more of ports and addresses.
    Raises AnsibleFilterError when rows contradict each other.
    """
    written = {row["zone"]: row for row in rows}
    if len(written) < len(rows):
        raise AnsibleFilterError("a zone stands twice in the links of this gateway")
    places = [(row["interface"], row.get("vlan")) for row in rows if row.get("interface")]
    if len(set(places)) < len(places):
        raise AnsibleFilterError("two zones stand on one port with the same VLAN, or both untagged")
    if any(row.get("vlan") and not row.get("interface") for row in rows):
        raise AnsibleFilterError("a VLAN needs the port that carries it")
    if taken := {port for port, _ in places} & zones.keys():
        raise AnsibleFilterError(f"port {min(taken)} has a zone's name, which that zone's link needs: rename the port")
    chosen = [each for each in interfaces if not rows or each["zone"] in written]
    made = [_link(each, written.get(each["zone"], {}), zones[each["zone"]], link) for each in chosen]
    if not named:
        return made
    kept = {zone: {key: row.get(key) for key in ("down_mbit", "up_mbit")} for zone, row in written.items()}
    return [_link(each, kept.get(each["zone"], {}), zones[each["zone"]], link) for each in chosen]


def has_zone_links(shown: str) -> bool:
    """Return whether a machine's links bear the zones' names of themselves, as in the lab, not by this role's doing.

    ``shown`` is what ``ip -json -details link show`` says.
    """
    kinds = {each["ifname"]: each.get("linkinfo", {}).get("info_kind") for each in json.loads(shown)}
    return kinds.get("management", "bridge") not in ("bridge", "vlan")


def _link(
    interface: Mapping[str, Any], row: Mapping[str, Any], zone: Mapping[str, Any], rates: Mapping[str, int]
) -> dict[str, Any]:
    name, method = interface["zone"], row.get("method") or "site"
    if method != "site" and name not in _UPLINKS:
        raise AnsibleFilterError(f"zone {name} has its address from the commune's block; method is for wan and wan2")
    if method == "static" and not (row.get("address") and row.get("gateway")):
        raise AnsibleFilterError(f"{name} is static: give its address and its gateway")
    site = f"{interface['address']}/{interface['prefix_length']}"
    found: dict[str, Any] = {"zone": name, "name": name, "prefix": zone["prefix"], "method": method}
    found |= {"interface": row.get("interface"), "vlan": row.get("vlan")}
    found["address"] = {"site": site, "static": row.get("address"), "dhcp": None}[method]
    if name in _UPLINKS:
        found["gateway"] = {"site": zone["gateway"], "static": row.get("gateway"), "dhcp": None}[method]
        found["number"] = _UPLINKS.index(name) + 1
        found["metric"] = found["number"] * 100
        for way in ("down", "up"):
            found[f"{way}_kbit"] = int((row.get(f"{way}_mbit") or rates[way] / 1e6) * 1000)
    return found


def gateway_ports(links: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the ports under ``links``: the VLANs that each carries, and the zone that it is in untagged."""
    ports: dict[str, dict[str, Any]] = {}
    for link in links:
        if link["interface"]:
            port = ports.setdefault(link["interface"], {"name": link["interface"], "vlans": [], "bridge": None})
            if link["vlan"] is None:
                port["bridge"] = link["name"]
            else:
                port["vlans"].append(link["name"])
    return list(ports.values())


def link_shares(built_in: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the zones' shares, those of the profile's ``rows`` in place of the built-in ones.

    Raises AnsibleFilterError when more than the whole link is given away.
    """
    written = {row["zone"]: row["percent"] for row in rows}
    shares = [{**share, "percent": written.get(share["zone"], share["percent"])} for share in built_in]
    total = sum(share["percent"] for share in shares) + _OWN_PERCENT
    if total > 100:
        raise AnsibleFilterError(f"the shares of the link come to {total} percent, {_OWN_PERCENT} being the gateway's")
    return shares


def numbered(
    rows: Sequence[Mapping[str, Any]], zones: Mapping[str, Mapping[str, Any]], zone: str | None = None
) -> list[dict[str, Any]]:
    """Return ``rows`` with the address that the ``number`` of each means in its zone, or in ``zone``."""
    places = [ipaddress.IPv4Network(zones[row["zone"] if zone is None else zone]["prefix"]) for row in rows]
    return [{**row, "address": str(place[row["number"]])} for row, place in zip(rows, places, strict=True)]


def host_names(
    hosts: Sequence[Mapping[str, Any]], reservations: Sequence[Mapping[str, Any]], domain: str
) -> dict[str, list[str]]:
    """Return the addresses of each full name of the commune: machines, their web addresses, reserved clients."""
    found: dict[str, list[str]] = {}
    for host in hosts:
        for name in dict.fromkeys([host["fqdn"], *host["names"]]):
            found.setdefault(name, []).append(host["address"])
    for row in reservations:
        found.setdefault(f"{row['name']}.{domain}", []).append(row["address"])
    return found


def vpn_peers(
    sites: Sequence[Mapping[str, Any]],
    secrets: Mapping[str, str],
    endpoints: Sequence[Mapping[str, str]],
    staff: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the WireGuard peers of a router: those of other ``sites``, and ``staff``.

    ``secrets`` has the secret of each router by its name; only public keys come out. Between sites the inner zones'
    prefixes go through the tunnel, which itself runs between addresses of ``wan``.
    """
    written = {row["host"]: row["endpoint"] for row in endpoints}
    peers = [
        {
            "title": site["router"]["host"],
            "public_key": wireguard_public_key(secrets[site["router"]["host"]]),
            "prefixes": inner_prefixes(site["zones"]),
            "endpoint": written.get(site["router"]["host"], site["router"].get("wan_address")),
            "keepalive": True,
        }
        for site in sites
    ]
    for row in staff:
        person = {"title": row["name"], "public_key": row["public_key"], "prefixes": [f"{row['address']}/32"]}
        peers.append({**person, "endpoint": None, "keepalive": False})
    return peers


def inner_prefixes(zones: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the prefixes of a site's zones but those of the operator."""
    return [zone["prefix"] for name, zone in zones.items() if name not in _UPLINKS]


def wireguard_private_key(secret: str) -> str:
    """Return the X25519 private key that a secret stands for, in WireGuard's notation.

    The secret is a random token of at least 43 characters; hashing spreads its 249 bits over the key. Clamping is
    X25519's own.
    """
    if len(secret) < 43:
        raise AnsibleFilterError("the secret of a WireGuard key needs at least 43 characters")
    key = bytearray(hashlib.sha256(_PURPOSE + secret.encode()).digest())
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return base64.b64encode(key).decode()


def wireguard_public_key(secret: str) -> str:
    """Return the public key that belongs to ``wireguard_private_key(secret)``."""
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(wireguard_private_key(secret)))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def dhcp_subnets(
    links: Sequence[Mapping[str, Any]],
    needs: Sequence[Mapping[str, Any]],
    taken: Iterable[str],
    reserved: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return Kea's subnets: one for each of ``links``, with what other services need of it.

    ``needs`` are mappings with ``zone`` and optionally ``options`` (Kea's option-data) and ``lease_seconds``;
    ``taken`` are addresses of machines, ``reserved`` clients with a fixed one.
    """
    used = list(taken)
    return [
        _subnet(
            link,
            [need for need in needs if need["zone"] == link["zone"]],
            address_pools(link["prefix"], used),
            [row for row in reserved if row["zone"] == link["zone"]],
        )
        for link in links
    ]


def _subnet(
    link: Mapping[str, Any], needs: list[Mapping[str, Any]], pools: list[str], reserved: list[Mapping[str, Any]]
) -> dict[str, Any]:
    gateway = link["address"].partition("/")[0]
    given = {"routers": gateway, "domain-name-servers": gateway, "ntp-servers": gateway}
    given |= {option["name"]: option["data"] for need in needs for option in need.get("options", [])}
    seconds = [need["lease_seconds"] for need in needs if need.get("lease_seconds")]
    return {
        "id": int(ipaddress.IPv4Network(link["prefix"]).network_address) >> 8 & 0xFF_FFFF,
        "subnet": link["prefix"],
        "interface": link["name"],
        **({"valid-lifetime": min(seconds)} if seconds else {}),
        "pools": [{"pool": pool} for pool in pools],
        "option-data": [{"name": name, "data": data} for name, data in given.items()],
        "reservations": [
            {"hw-address": row["mac"], "ip-address": row["address"], "hostname": row["name"]} for row in reserved
        ],
    }


def address_pools(prefix: str, taken: Iterable[str]) -> list[str]:
    """Return the ranges .100–.199 of a /24 without the ``taken`` addresses, in Kea's notation."""
    base = int(ipaddress.IPv4Network(prefix).network_address)
    used = {int(ipaddress.IPv4Address(address)) for address in taken}
    free = [base + number for number in range(_POOL[0], _POOL[1] + 1) if base + number not in used]
    return [f"{ipaddress.IPv4Address(first)} - {ipaddress.IPv4Address(last)}" for first, last in _runs(free)]


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of neighbours in ascending ``numbers``."""
    start = None
    for index, number in enumerate(numbers):
        start = number if start is None else start
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield start, number
            start = None


def blocked_names(text: str) -> list[str]:
    """Return the names in a filter list, sorted, each once.

    A line is a name, an address with names after it (hosts format), or a record of a response policy zone;
    ``#`` and ``;`` begin comments. Raises AnsibleFilterError with the line that is none of these.
    """
    names: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        words = re.split(r"[#;]", line, maxsplit=1)[0].lower().split()
        if not words or words[0].startswith("$") or words[0] == "@" or "soa" in words or "ns" in words[1:3]:
            continue
        if _ADDRESS.fullmatch(words[0]):
            found = [word for word in words[1:] if "." in word and not _ADDRESS.fullmatch(word)]
        elif len(words) == 1 or any(word.upper() in _POLICY for word in words[1:]):
            found = [words[0].removeprefix("*.").removesuffix(".")]
        else:
            found = [""]
        for name in found:
            if not _NAME.fullmatch(name):
                raise AnsibleFilterError(f"line {number} of the filter list is no name to block: {line.strip()!r}")
        names.update(found)
    return sorted(names - {"localhost.localdomain"})


class FilterModule:
    """Names the filters to Ansible."""

    def filters(self) -> dict[str, object]:
        """Return the filters by the name they have in templates."""
        return {
            "gateway_links": gateway_links,
            "gateway_ports": gateway_ports,
            "has_zone_links": has_zone_links,
            "dhcp_subnets": dhcp_subnets,
            "host_names": host_names,
            "inner_prefixes": inner_prefixes,
            "link_shares": link_shares,
            "numbered": numbered,
            "vpn_peers": vpn_peers,
            "wireguard_private_key": wireguard_private_key,
            "wireguard_public_key": wireguard_public_key,
            "blocked_names": blocked_names,
        }
