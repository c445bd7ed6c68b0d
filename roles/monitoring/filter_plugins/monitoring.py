"""Templates, hosts and the dashboard of Zabbix, made from the Site and from the role's own short files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, Any]
VERSION = "7.0"
STATE = "commune.state"
GROUP = "Commune"
# Zabbix's own comparison takes a default that is written for a difference, as its export leaves it out
DEFAULTS = {
    "delay": "1m",
    "history": "31d",
    "trends": "365d",
    "value_type": "UNSIGNED",
    "macros": [],
    "discovery_rules": [],
}


def identifier(*names: str) -> str:
    """Return the identifier of an object, the same in each run, in the form of a random one, as Zabbix demands."""
    digits = hashlib.sha256("/".join(("smartcommune", *names)).encode()).hexdigest()[:32]
    return f"{digits[:12]}4{digits[13:16]}8{digits[17:]}"


def step(kind: str, *parameters: str, discard: bool = False) -> Row:
    """Return a preprocessing step."""
    made: Row = {"type": kind, "parameters": list(parameters)}
    return made | ({"error_handler": "DISCARD_VALUE"} if discard else {})


def without_defaults(value: Row) -> Row:
    """Return an object without what Zabbix assumes anyhow."""
    return {key: each for key, each in value.items() if DEFAULTS.get(key) != each}


class TemplateWriter:
    """One template of Zabbix's export format from a short file of ours, in one language."""

    def __init__(self, short: Row, language: str, history: str, trends: str) -> None:
        self.short, self.language, self.history, self.trends = short, language, history, trends
        self.name: str = short["template"]

    def text(self, value: Row | str) -> str:
        """Return a text in the commune's language."""
        return value if isinstance(value, str) else str(value[self.language])

    def template(self) -> Row:
        """Return the whole template."""
        made = {
            "uuid": identifier(self.name),
            "template": self.name,
            "name": self.text(self.short["name"]),
            "groups": [{"name": GROUP}],
            "items": [self.item(each) for each in self.short["items"]],
            "discovery_rules": [self.rule(each) for each in self.short.get("discovery", [])],
            "macros": [
                {"macro": macro, "value": str(value)} for macro, value in sorted(self.short.get("macros", {}).items())
            ],
        }
        return without_defaults(made)

    def item(self, short: Row, rule: str | None = None) -> Row:
        """Return an item, or a prototype of one where ``rule`` names what discovers it."""
        made: Row = {
            "uuid": identifier(self.name, rule or "", short["key"]),
            "name": self.text(short["name"]),
            "key": short["key"],
        }
        made |= self.source(short)
        value_type = short.get("value", "FLOAT")
        made["value_type"] = value_type
        numeric = value_type in ("FLOAT", "UNSIGNED")
        made["history"] = short.get("history", self.history)
        made["trends"] = self.trends if numeric and short.get("history") != "0" else "0"
        if "units" in short:
            made["units"] = short["units"]
        triggers = [self.trigger(each, short["key"], rule) for each in short.get("triggers", [])]
        if triggers:
            made["trigger_prototypes" if rule else "triggers"] = triggers
        return without_defaults(made)

    def source(self, short: Row) -> Row:
        """Return where an item's values come from: the agent, the device, Zabbix itself, or another item."""
        steps = [step(*each) if isinstance(each, list) else each for each in short.get("steps", [])]
        if "path" in short:
            steps.insert(0, step("JSONPATH", short["path"], discard=True))
        if "walk" in short:
            steps.insert(0, step("SNMP_WALK_VALUE", short["walk"], "0", discard=True))
        if "from" in short:
            made: Row = {"type": "DEPENDENT", "delay": "0", "master_item": {"key": short["from"]}}
        elif "oid" in short:
            made = {"type": "SNMP_AGENT", "snmp_oid": short["oid"], "delay": short["delay"]}
        elif short["key"].startswith("zabbix["):
            made = {"type": "INTERNAL", "delay": short["delay"]}
        else:
            made = {"type": "ZABBIX_ACTIVE", "delay": short["delay"]}
        return made | ({"preprocessing": steps} if steps else {})

    def trigger(self, short: Row, key: str, rule: str | None) -> Row:
        """Return a trigger; ``@`` in its expression stands for the item."""
        made = {
            "uuid": identifier(self.name, rule or "", key, "trigger", short["id"]),
            "expression": short["when"].replace("@", f"/{self.name}/{key}"),
            "name": self.text(short["name"]),
            "priority": short["priority"],
        }
        if "shows" in short:
            made["opdata"] = short["shows"]
        return made

    def rule(self, short: Row) -> Row:
        """Return a rule that makes items of what it finds in another item's value; what is gone goes at once."""
        steps = [step("JSONPATH", short["path"])] if "path" in short else [step("SNMP_WALK_TO_JSON", *short["walk"])]
        return {
            "uuid": identifier(self.name, short["key"]),
            "name": self.text(short["name"]),
            "type": "DEPENDENT",
            "key": short["key"],
            "delay": "0",
            "lifetime_type": "DELETE_IMMEDIATELY",
            "item_prototypes": [self.item(each, short["key"]) for each in short["items"]],
            "master_item": {"key": short["from"]},
            "preprocessing": steps,
        }


def zabbix_templates(folder: str, language: str, history: str, trends: str) -> Row:
    """Return all templates of a folder as one document of Zabbix's export format."""
    shorts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.yml"))]
    templates = [TemplateWriter(short, language, history, trends).template() for short in shorts]
    group = {"uuid": identifier("group", GROUP), "name": GROUP}
    return {"zabbix_export": {"version": VERSION, "template_groups": [group], "templates": templates}}


# how the devices' own configuration has it; 1 is SHA-1, 3 SHA-256
AUTHENTICATION = {"cisco_ios": 1, "mikrotik_routeros": 1}
SHA_256, AES_128, AUTHENTICATED_AND_ENCRYPTED, SNMP = 3, 1, 2, 2
UNENCRYPTED, CERTIFICATE = 1, 4


def zabbix_hosts(commune: Row) -> list[Row]:
    """Return the hosts of Zabbix: each machine of the Site, and each device that may be asked.

    A machine that does not stand yet has no authority, and nobody can report in its name.
    """
    machines = [
        {
            "host": each["name"],
            "name": each["name"],
            "group": "machines",
            "template": "commune-machine",
            "status": 0,
            "tls_connect": UNENCRYPTED,  # Zabbix asks nobody: machines report
            "tls_accept": CERTIFICATE,
            "tls_issuer": each["authority"] or "CN=none",
            "tls_subject": f"CN={each['fqdn'][:64]}",
            "tags": [{"tag": "site", "value": each["site"]}, {"tag": "zone", "value": each["zone"]}],
            "interfaces": [],
        }
        for each in commune["hosts"]
    ]
    return machines + [device_host(each) for each in commune["devices"] if each["pollers"]]


def device_host(device: Row) -> Row:
    """Return a device, asked by SNMPv3 with keys that stand in secret macros."""
    details = {
        "version": 3,
        "bulk": 1,
        "contextname": "",
        "securityname": "commune",
        "securitylevel": AUTHENTICATED_AND_ENCRYPTED,
        "authprotocol": AUTHENTICATION.get(device["platform"], SHA_256),
        "authpassphrase": "{$SNMP_AUTH}",
        "privprotocol": AES_128,
        "privpassphrase": "{$SNMP_PRIV}",
    }
    interface = {
        "type": SNMP,
        "main": 1,
        "useip": 1,
        "ip": device["address"],
        "dns": "",
        "port": "161",
        "details": details,
    }
    return {
        "host": device["name"],
        "name": device["name"],
        "group": "devices",
        "template": "commune-device",
        "status": 0,
        "tls_connect": UNENCRYPTED,
        "tls_accept": UNENCRYPTED,
        "tags": [{"tag": "site", "value": device["site"]}, {"tag": "platform", "value": device["platform"]}],
        "interfaces": [interface],
    }


INTEGER, TEXT = 0, 1


def widget(kind: str, name: str, place: tuple[int, int, int, int], fields: Row) -> Row:
    """Return a widget of the dashboard: ``place`` is column, row, width and height."""
    x, y, width, height = place
    typed = [
        {"type": TEXT if isinstance(value, str) else INTEGER, "name": key, "value": value}
        for key, value in fields.items()
    ]
    return {
        "type": kind,
        "name": name,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "view_mode": 0,
        "fields": typed,
    }


def column(number: int, name: str, item: str, *, percent: bool) -> Row:
    """Return the fields of a column of the list of machines, a bar from 0 to 100."""
    fields: Row = {
        "name": name,
        "data": 1,
        "item": item,
        "aggregate_function": 0,
        "base_color": "4CAF50",
        "decimal_places": 1,
    }
    fields |= {"display": 2, "history": 1, "min": "0", "max": "100"} if percent else {"display": 1, "history": 1}
    return {f"columns.{number}.{key}": value for key, value in fields.items()}


def zabbix_dashboard(words: Row) -> Row:
    """Return the one dashboard: problems by severity, machines with their load, problems."""
    host: Row = {
        "columns.0.name": words["host"],
        "columns.0.data": 2,
        "columns.0.aggregate_function": 0,
        "columns.0.base_color": "",
    }
    usage = (
        host
        | column(1, words["cpu"], words["cpu"], percent=True)
        | column(2, words["memory"], words["memory"], percent=True)
    )
    usage |= column(3, words["disk"], words["disk"], percent=True) | {"column": 3}
    widgets = [
        widget("problemsbysv", words["by_severity"], (0, 0, 36, 4), {"show_type": 1}),
        widget("clock", "", (36, 0, 12, 4), {"clock_type": 1}),
        widget("systeminfo", "", (48, 0, 24, 4), {}),
        widget("tophosts", words["usage"], (0, 4, 36, 8), usage),
        widget("problems", words["problems"], (36, 4, 36, 8), {"show": 3}),
    ]
    return {
        "name": words["dashboard"],
        "private": 0,
        "display_period": 60,
        "auto_start": 1,
        "pages": [{"widgets": widgets}],
    }


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> Row:
        """Return the filters by name."""
        return {
            "zabbix_dashboard": zabbix_dashboard,
            "zabbix_hosts": zabbix_hosts,
            "zabbix_templates": zabbix_templates,
        }
