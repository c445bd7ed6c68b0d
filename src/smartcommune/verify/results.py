"""What a verification planned and saw, as frozen data: every planned check has exactly one result.

States: ``passed``, ``failed``, ``skipped`` (by the check itself, with its reason), ``not_reached`` (its host did
not answer), ``not_run`` (planned, but the run ended before it). Nothing that was not seen counts as passed.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from smartcommune.exit_codes import DONE, FAILED, NOT_REACHED
from smartcommune.observe.models import Record
from smartcommune.text import Text, split_languages

State = Literal["passed", "failed", "skipped", "not_reached", "not_run"]
STATES: tuple[State, ...] = ("failed", "not_reached", "not_run", "skipped", "passed")
Kind = Literal["check", "flow"]


class Check(Record):
    """One planned check of a service on a host; a ``flow`` does what a user of the service does."""

    id: str = Field(description="Stable identifier: host/service/file.test[parameters]")
    host: str
    service: str
    title: Text
    kind: Kind = "check"


class CheckResult(Record):
    """What became of a planned check: seconds it took, one line of reason, and the captured detail, redacted."""

    check: Check
    state: State
    reason: str | Text = ""
    seconds: float = 0.0
    detail: str = ""

    @property
    def reason_text(self) -> Text:
        """The reason in both languages: a check that is skipped may write ``Vietnamese | English``."""
        if isinstance(self.reason, Text):
            return self.reason
        return split_languages(self.reason) if self.state == "skipped" else Text(vi=self.reason, en=self.reason)


class HostReach(Record):
    """Whether a host answered, and if not, why."""

    name: str
    reached: bool
    reason: str | Text = ""


class Verification(Record):
    """All results of one run; ``started`` is UTC in ISO 8601."""

    started: str
    seconds: float
    hosts: tuple[HostReach, ...]
    results: tuple[CheckResult, ...]

    def counts(self) -> dict[State, int]:
        """Return how many checks ended in each state; every state is present."""
        seen = Counter(result.state for result in self.results)
        return {state: seen[state] for state in STATES}

    @property
    def hosts_reached(self) -> int:
        """The number of hosts that answered."""
        return sum(host.reached for host in self.hosts)

    @property
    def results_seen(self) -> int:
        """The number of planned checks that gave a result of their own: passed or failed."""
        return sum(result.state in ("passed", "failed") for result in self.results)

    @property
    def exit_code(self) -> int:
        """1 when a check failed or did not run, 4 when hosts were not reached, else 0."""
        counts = self.counts()
        if counts["failed"] or counts["not_run"]:
            return FAILED
        return DONE if self.hosts_reached == len(self.hosts) else NOT_REACHED
