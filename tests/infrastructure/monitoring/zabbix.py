"""Looking at the monitoring from inside its machine: hosts, values, problems and alerts in its database."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tests.deployment import Deployment

SERVER = "server-1"


@dataclass(frozen=True)
class Zabbix:
    """The monitoring of a commune."""

    commune: Deployment

    def ask(self, query: str) -> list[str]:
        """Return the lines of the database's answer."""
        psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname=monitoring", "--command", query]
        command = f"runuser -u monitoring -- {shlex.join(psql)}"
        return self.commune.on(SERVER, command).split("\n")[:-1]

    def age(self, host: str, key: str) -> int:
        """Return how many seconds ago a host's item had its last number; a million where it never had one."""
        query = (
            "select coalesce(extract(epoch from now())::int - max(clock), 1000000) from"
            " (select itemid, clock from history_uint union all select itemid, clock from history) v"
            f" join items using (itemid) join hosts using (hostid) where host = '{host}' and key_ = '{key}'"
        )
        return int(self.ask(query)[0])

    def problems(self, words: str) -> int:
        """Return how many open problems have these words in their name."""
        return int(self.ask(f"select count(*) from problem where r_eventid is null and name like '%{words}%'")[0])

    def hosts(self) -> set[str]:
        """Return the names of all hosts."""
        return set(self.ask("select host from hosts where status = 0 and flags = 0"))
