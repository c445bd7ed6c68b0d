#!/usr/bin/python
"""Ansible module: Zabbix as the Site has it: settings, accounts, templates, hosts, alerts and the dashboard."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.zabbix_api import Api, ApiError, NoAnswerError
from ansible.module_utils.zabbix_compare import agrees
from ansible.module_utils.zabbix_keeper import Keeper

DOCUMENTATION = r"""
---
module: zabbix_site
short_description: Keep Zabbix as the Site has it, through its own API
description:
  - One task and one connection to the machine for everything that the role declares; the API is spoken at the unix
    socket of the PHP processes, so that the token crosses no network.
  - What differs is written and told as a diff, in check mode too. A trigger or an item that was changed by hand, in its
    template or on a host, is drift. Hosts of the groups in O(site) that the Site does not have are removed; whatever
    else was made by hand stays.
  - The administrator's password is judged by logging in with it. Keys of devices cannot be read back; a digest of them
    beside them tells whether they are the right ones.
options:
  socket: {description: Socket of the PHP processes., type: path, required: true}
  token: {description: Token of the API., type: str, required: true}
  site:
    description: "What is wanted: settings, groups, templates, mediatype, action, administrator, hosts, dashboard."
    type: dict
    required: true
  secrets:
    description: "C(administrator), the password, and C(devices), keys by the name of the device."
    type: dict
    required: true
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Keep hosts, triggers and the dashboard as the Site has them
  zabbix_site:
    socket: /run/monitoring-web/php.sock
    token: "{{ monitoring_api_token }}"
    site: "{{ __monitoring_site }}"
    secrets: {administrator: "{{ monitoring_admin_password }}", devices: {}}
"""

RETURN = r"""
answered: {description: Whether the API answered; in check mode it may not be there yet., type: bool, returned: always}
removes: {description: "Whether something goes, which a plan counts apart.", type: bool, returned: always}
"""

Row = dict[str, Any]
ADMINISTRATORS, DISABLED, SUPER_ADMIN = "7", "9", "3"
DIGEST = "{$COMMUNE_KEYS}"
PARTS = {"createMissing": True, "updateExisting": True}
RULES = {
    "template_groups": PARTS,
    "templates": PARTS,
    "items": PARTS | {"deleteMissing": True},
    "triggers": PARTS | {"deleteMissing": True},
    "discoveryRules": PARTS | {"deleteMissing": True},
    "valueMaps": PARTS | {"deleteMissing": True},
}
SECRET_TEXT = 1
BY_HAND = {"trigger": ("status", "priority"), "item": ("status", "delay"), "discoveryrule": ("status", "delay")}


class SiteKeeper:
    """The parts in the order in which they build on each other."""

    def __init__(self, api: Api, site: Row, secrets: Row, *, dry_run: bool) -> None:
        self.api, self.site, self.secrets, self.dry_run = api, site, secrets, dry_run
        self.keeper = Keeper(api, dry_run=dry_run)
        self.templates_differ = False

    def run(self) -> Keeper:
        """Keep everything."""
        for kind, wanted in sorted(self.site["settings"].items()):
            self.keeper.keep_settings(kind, wanted)
        self.groups()
        self.templates()
        self.mediatype()
        self.accounts()
        self.action()
        self.hosts()
        self.undo_what_was_changed_by_hand()
        self.dashboard()
        return self.keeper

    def one(self, kind: str, name: str, **more: Any) -> Row | None:
        """Return the object of that name with everything of it."""
        found = self.api.call(f"{kind}.get", {"output": "extend", "filter": {"name": name}, **more})
        return dict(found[0]) if found else None

    def groups(self) -> None:
        """Keep the groups of hosts."""
        for name in self.site["groups"].values():
            self.keeper.keep("hostgroup", f"group {name}", {"name": name}, self.one("hostgroup", name))

    def group_id(self, name: str) -> str:
        """Return a group's number, empty where there is none yet."""
        found = self.one("hostgroup", name)
        return found["groupid"] if found else ""

    def templates(self) -> None:
        """Import the templates where what Zabbix has differs, by its own comparison."""
        document = {"format": "json", "source": json.dumps(self.site["templates"]), "rules": RULES}
        difference = self.api.call("configuration.importcompare", document)
        self.templates_differ = bool(difference)
        if difference:
            self.keeper.note("templates", *template_lines(difference))
            self.keeper.write("configuration.import", document)

    def mediatype(self) -> None:
        """Keep the way by which alerts leave."""
        wanted = self.site["mediatype"]
        actual = self.one("mediatype", wanted["name"], selectMessageTemplates="extend")
        self.keeper.keep("mediatype", f"media type {wanted['name']}", wanted, actual)

    def mediatype_id(self) -> str:
        """Return its number, empty where there is none yet."""
        found = self.one("mediatype", self.site["mediatype"]["name"])
        return found["mediatypeid"] if found else ""

    def accounts(self) -> None:
        """Keep the administrator, under its own name, and the guest shut out."""
        wanted = dict(self.site["administrator"])
        medias = [dict(each, mediatypeid=self.mediatype_id()) for each in wanted.pop("medias")]
        wanted |= {"usrgrps": [{"usrgrpid": ADMINISTRATORS}], "roleid": SUPER_ADMIN, "medias": medias}
        users = self.api.call("user.get", {"output": "extend", "selectUsrgrps": ["usrgrpid"], "selectMedias": "extend"})
        by_name = {each["username"]: each for each in users}
        actual = by_name.get(wanted["username"]) or by_name.get("Admin")
        password = {"passwd": self.secrets["administrator"]}
        self.keeper.keep("user", f"administrator {wanted['username']}", wanted, actual, password)
        if actual and actual["username"] == wanted["username"] and not self.password_is_right(wanted["username"]):
            self.keeper.note(f"password of {wanted['username']}", "another one", "the commune's")
            self.keeper.write("user.update", {"userid": actual["userid"], **password})
        guest = by_name.get("guest")
        if guest:
            self.keeper.keep("user", "guest", {"usrgrps": [{"usrgrpid": DISABLED}]}, guest)

    def password_is_right(self, username: str) -> bool:
        """Log in and out again."""
        try:
            session = self.api.call(
                "user.login", {"username": username, "password": self.secrets["administrator"]}, token=""
            )
        except NoAnswerError:
            raise
        except ApiError:
            return False
        self.api.call("user.logout", [], token=session)
        return True

    def action(self) -> None:
        """Send problems to the administrators by the media type."""
        wanted = dict(self.site["action"])
        recipients = {"opmessage_grp": [{"usrgrpid": ADMINISTRATORS}]}
        message = {"default_msg": "1", "mediatypeid": self.mediatype_id()}
        wanted["operations"] = [{"operationtype": "0", "opmessage": message, **recipients}]
        wanted["recovery_operations"] = [{"operationtype": "11", "opmessage": {"default_msg": "1"}}]
        extended = {f"select{part}": "extend" for part in ("Filter", "Operations", "RecoveryOperations")}
        actual = self.one("action", wanted["name"], **extended)
        if actual:
            wanted.pop("eventsource")
        self.keeper.keep("action", f"action {wanted['name']}", wanted, actual)

    def hosts(self) -> None:
        """Keep each host of the Site, and remove those of its groups that it does not have."""
        groups = {role: self.group_id(name) for role, name in self.site["groups"].items()}
        templates = {
            each["host"]: each["templateid"]
            for each in self.api.call("template.get", {"output": ["templateid", "host"]})
        }
        asked = {
            "output": "extend",
            "groupids": [number for number in groups.values() if number],
            "selectHostGroups": ["groupid"],
            "selectInterfaces": "extend",
            "selectMacros": "extend",
            "selectParentTemplates": ["templateid"],
            "selectTags": ["tag", "value"],
        }
        found = self.api.call("host.get", asked) if asked["groupids"] else []
        actual = {each["host"]: each for each in found}
        for short in self.site["hosts"]:
            wanted = {
                key: value for key, value in short.items() if key not in ("group", "template", "macros", "interfaces")
            }
            wanted["groups"] = [{"groupid": groups[short["group"]]}]
            wanted["templates"] = [{"templateid": templates.get(short["template"], "")}]
            self.host(short, wanted, actual.get(short["host"]))
        for name in sorted(actual.keys() - {each["host"] for each in self.site["hosts"]}):
            self.keeper.remove("host", f"host {name}", actual[name]["hostid"])

    def host(self, short: Row, wanted: Row, actual: Row | None) -> None:
        """Keep one host; keys of a device are written when their digest is another one."""
        keys: Row = self.secrets["devices"].get(short["host"]) or {}
        hidden: Row = {}
        if short["interfaces"]:
            digest = hashlib.sha256(json.dumps([self.secrets["salt"], keys], sort_keys=True).encode()).hexdigest()[:32]
            secret = [
                {"macro": "{$" + name.upper() + "}", "value": value, "type": SECRET_TEXT}
                for name, value in sorted(keys.items())
            ]
            macros = [*secret, {"macro": DIGEST, "value": digest}]
            wanted["macros"] = [
                {key: value for key, value in each.items() if each not in secret or key != "value"} for each in macros
            ]
            hidden = {"macros": macros}
            wanted["interfaces"] = short["interfaces"]
        if actual is not None:
            actual = actual | {"groups": actual["hostgroups"], "templates": actual["parentTemplates"]}
            if (
                wanted.get("interfaces")
                and actual["interfaces"]
                and not agrees(wanted["interfaces"], actual["interfaces"])
            ):
                same = {"interfaceid": actual["interfaces"][0]["interfaceid"]}
                wanted["interfaces"] = [wanted["interfaces"][0] | same]
        self.keeper.keep("host", f"host {short['host']}", wanted, actual, hidden)

    def undo_what_was_changed_by_hand(self) -> None:
        """Give what hosts inherit the values of its template again; what rules made is on.

        In check mode templates that differ are no measure: that the run imports them is told already.
        """
        if self.dry_run and self.templates_differ:
            return
        names = [each["host"] for each in self.site["hosts"]]
        hosts = self.api.call("host.get", {"output": ["hostid"], "filter": {"host": names}})
        numbers = [each["hostid"] for each in hosts]
        for kind, fields in BY_HAND.items():
            key = "itemid" if kind == "discoveryrule" else f"{kind}id"
            title = "description" if kind == "trigger" else "name"
            asked = {
                "output": [key, title, "templateid", "flags", *fields],
                "hostids": numbers,
                "selectHosts": ["host"],
            }
            found = self.api.call(f"{kind}.get", asked) if numbers else []
            parents = {each["templateid"] for each in found if each["templateid"] != "0"}
            above = (
                self.api.call(f"{kind}.get", {"output": [key, *fields], f"{key}s": sorted(parents), "templated": True})
                if parents
                else []
            )
            wanted = {each[key]: {field: each[field] for field in fields} for each in above}
            for each in found:
                self.undo(
                    kind,
                    key,
                    title,
                    each,
                    wanted.get(each["templateid"]) or ({"status": "0"} if each["flags"] == "4" else {}),
                )

    def undo(self, kind: str, key: str, title: str, actual: Row, wanted: Row) -> None:
        """Give one inherited object its own values again."""
        changes = {field: value for field, value in wanted.items() if actual[field] != value}
        if changes:
            what = f"{actual['hosts'][0]['host']}: {kind} {actual[title]}"
            self.keeper.note(what, {field: actual[field] for field in changes}, changes)
            self.keeper.write(f"{kind}.update", {key: actual[key], **changes})

    def dashboard(self) -> None:
        """Keep the dashboard; fields that Zabbix adds by itself do not count."""
        wanted = self.site["dashboard"]
        actual = self.one("dashboard", wanted["name"], selectPages="extend")
        self.keeper.keep("dashboard", f"dashboard {wanted['name']}", wanted, actual)


def template_lines(difference: Row) -> tuple[Any, Any]:
    """Return what goes and what comes in words of the comparison: names only, since a whole template is long."""
    gone: list[str] = []
    come: list[str] = []

    def walk(value: Any, way: str) -> None:
        for kind, changes in value.items():
            gone.extend(f"{way}{kind} {named(each)}" for each in changes.get("removed", []))
            come.extend(f"{way}{kind} {named(each)}" for each in changes.get("added", []))
            for each in changes.get("updated", []):
                fields = {
                    key: (each["before"].get(key), each["after"].get(key))
                    for key in {**each["before"], **each["after"]}
                }
                other = {key: pair for key, pair in fields.items() if pair[0] != pair[1]}
                if other:
                    gone.append(
                        f"{way}{kind} {named(each['before'])} { ({key: pair[0] for key, pair in other.items()}) }"
                    )
                    come.append(
                        f"{way}{kind} {named(each['before'])} { ({key: pair[1] for key, pair in other.items()}) }"
                    )
                inner = {key: part for key, part in each.items() if key not in ("before", "after")}
                walk(inner, f"{way}{named(each['before'])}: ")

    walk(difference, "")
    return "; ".join(gone) or None, "; ".join(come) or None


def named(value: Row) -> str:
    """Return what an exported object is called."""
    value = value.get("after", value.get("before", value)) if "uuid" not in value else value
    return str(value.get("name") or value.get("template") or value.get("key") or value.get("uuid"))


def main() -> None:
    """Read the task, keep everything, tell."""
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "required": True},
            "token": {"type": "str", "required": True, "no_log": True},
            "site": {"type": "dict", "required": True},
            "secrets": {"type": "dict", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    api = Api(module.params["socket"], module.params["token"])
    try:
        keeper = SiteKeeper(api, module.params["site"], module.params["secrets"], dry_run=module.check_mode).run()
    except ApiError as error:
        if module.check_mode and isinstance(error, NoAnswerError):
            module.exit_json(changed=True, answered=False, removes=False)
        module.fail_json(msg=str(error))
    diff = {
        "before": "".join(f"{line}\n" for line in keeper.before),
        "after": "".join(f"{line}\n" for line in keeper.after),
    }
    module.exit_json(changed=keeper.changed, answered=True, removes=keeper.removes, diff=diff)


if __name__ == "__main__":
    main()
