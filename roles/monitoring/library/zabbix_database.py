#!/usr/bin/python
"""Ansible module: Zabbix's tables in an empty database, without its default passwords and stock templates."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
---
module: zabbix_database
short_description: Make Zabbix's tables, and keep the account by which the toolkit reaches its API
description:
  - Fills an empty database from Debian's schema in one transaction, so that it is there whole or not at all. Of the
    initial data only what Zabbix itself needs is taken, not the hundreds of stock templates, media types and scripts.
  - No account has the password that everybody knows, at no moment, as it is taken away in the same transaction.
  - Keeps a super administrator C(smartcommune) that cannot log in to the pages, with the API token O(token), of which
    the digest alone is kept.
  - Runs as the system account that owns the database.
options:
  name: {description: Name of the database., type: str, required: true}
  schema: {description: Folder of Debian's schema., type: path, default: /usr/share/zabbix-server-pgsql}
  token: {description: The token of the API., type: str, required: true}
author: [smartcommune authors]
"""

EXAMPLES = r"""
- name: Make the tables
  zabbix_database:
    name: monitoring
    token: "{{ monitoring_api_token }}"
  become: true
  become_user: monitoring
  no_log: true
"""

RETURN = r"""
made: {description: Whether the tables were, or would be, made., type: bool, returned: always}
"""

ACCOUNT = "smartcommune"
TABLES = frozenset(
    [
        "config",
        "config_autoreg_tls",
        "expressions",
        "graph_theme",
        "hstgrp",
        "module",
        "regexps",
        "role",
        "role_rule",
        "ugset",
        "ugset_group",
        "user_ugset",
        "users",
        "users_groups",
        "usrgrp",
    ]
)
STATEMENT = re.compile(r"^(INSERT INTO|DELETE FROM|START TRANSACTION|COMMIT)\b ?(\w*)")
NO_DEFAULTS = "update users set passwd = '*';\n"
PROBE = "select to_regclass('public.users') is not null;"
ACCOUNT_PROBE = """
select count(*) from token join users using (userid)
where username = '{account}' and token = '{digest}' and token.status = 0 and expires_at = 0 and roleid = 3;
"""
# numbers are taken above the highest; Zabbix notes the next one in ids, and counts anew where there is no note
ACCOUNT_SQL = """
insert into users (userid, username, name, passwd, roleid)
  select (select max(userid) + 1 from users), '{account}', 'smartcommune', '*', 3
  where not exists (select from users where username = '{account}');
update users set roleid = 3, passwd = '*' where username = '{account}';
insert into users_groups (id, usrgrpid, userid)
  select (select max(id) + 1 from users_groups), 12, userid from users where username = '{account}'
  and not exists (select from users_groups g where g.userid = users.userid and g.usrgrpid = 12);
delete from token where userid = (select userid from users where username = '{account}');
insert into token (tokenid, name, description, userid, token, created_at, creator_userid)
  select (select coalesce(max(tokenid), 0) + 1 from token), '{account}', '', userid, '{digest}',
  extract(epoch from now())::int, userid
  from users where username = '{account}';
delete from ids where table_name in ('users', 'users_groups', 'token');
"""


def needed(lines: Iterable[str]) -> Iterator[str]:
    """Yield the statements of the initial data that fill one of ``TABLES``, without the transaction around them."""
    keep = False
    for line in lines:
        if start := STATEMENT.match(line):
            keep = start[1] in ("INSERT INTO", "DELETE FROM") and start[2] in TABLES
        if keep:
            yield line


def psql(name: str) -> list[str]:
    """Return the command that takes SQL on standard input, all of it or nothing."""
    options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    return ["psql", *options, f"--dbname={name}", "--file=-"]


def fill(schema: Path, target: IO[str], account: str) -> None:
    """Write schema and data, and take the default passwords away."""
    for part in ("schema", "images"):
        with gzip.open(schema / f"{part}.sql.gz", "rt", encoding="utf-8") as source:
            target.writelines(source)
    with gzip.open(schema / "data.sql.gz", "rt", encoding="utf-8") as source:
        target.writelines(needed(source))
    target.write(NO_DEFAULTS + account)


def ask(name: str, query: str) -> str | None:
    """Return the answer to a query; None where nobody answers."""
    try:
        done = subprocess.run(psql(name), input=query, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def write(name: str, schema: Path | None, account: str) -> str:
    """Write the account, and before it the tables from ``schema``; return what went wrong."""
    with tempfile.TemporaryFile("w+") as complaint:
        client = subprocess.Popen(
            psql(name), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaint, text=True
        )
        with client, contextlib.suppress(BrokenPipeError):  # it ended at a fault, which it has told
            target = cast(IO[str], client.stdin)
            if schema is None:
                target.write(account)
            else:
                fill(schema, target, account)
        complaint.seek(0)
        return complaint.read().strip()[-800:] if client.returncode else ""


def main() -> None:
    """Look, make what is not there, and give the account its token."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "schema": {"type": "path", "default": "/usr/share/zabbix-server-pgsql"},
            "token": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    name, digest = module.params["name"], hashlib.sha512(module.params["token"].encode()).hexdigest()
    account = ACCOUNT_SQL.format(account=ACCOUNT, digest=digest)
    there = ask(name, PROBE)
    if there is None and not module.check_mode:
        module.fail_json(msg=f"the database {name} does not answer")
    if there == "t" and ask(name, ACCOUNT_PROBE.format(account=ACCOUNT, digest=digest)) == "1":
        module.exit_json(changed=False, made=False)
    if not module.check_mode:
        schema = None if there == "t" else Path(module.params["schema"])
        if fault := write(name, schema, account):
            module.fail_json(msg=f"making the tables of {name}: {fault}")
    module.exit_json(changed=True, made=there != "t")


if __name__ == "__main__":
    main()
