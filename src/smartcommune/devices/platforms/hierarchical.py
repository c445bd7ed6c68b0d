"""Platforms whose configuration is lines under lines (IOS, FRR, VRP): compared by hier_config, in the parts we own.

Owned are whole sections, by their first line; the rest of a device's configuration is neither compared nor touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from hier_config import WorkflowRemediation, get_hconfig_driver, get_hconfig_fast_load
from hier_config.models import IdempotentCommandsRule, MatchRule, NegationDefaultWithRule

from smartcommune.devices.models import MASK, Comparison, conceal, marks
from smartcommune.devices.platforms.base import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hier_config import HConfig
    from hier_config import Platform as Dialect
    from hier_config.platforms.driver_base import HConfigDriverBase

    from smartcommune.site.models import Device


class Hierarchical(Platform):
    """Compares sections; a platform says which it owns and how its lines are read and taken back."""

    dialect: ClassVar[Dialect]
    volatile: ClassVar[re.Pattern[str]]  # lines that say nothing about what is wanted
    single: ClassVar[tuple[tuple[str, ...], ...]] = ()  # a new line of this beginning replaces the old one
    negated: ClassVar[tuple[tuple[tuple[str, ...], str], ...]] = ()  # what takes a line of this beginning back
    leave: ClassVar[str] = "exit"  # ends a section

    def owned(self, device: Device) -> re.Pattern[str]:
        """Return what the first line of each owned section looks like."""
        raise NotImplementedError

    def expand(self, line: str) -> Iterator[str]:
        """Return a line as the lines it stands for: lists that a device folds together are compared one by one."""
        yield line

    def compare(self, device: Device, running: str, wanted: str) -> Comparison:
        """Return what leads from ``running`` to ``wanted``."""
        driver, owned = self._driver(), self.owned(device)
        ours = [line for section in _sections(self._lines(running)) if owned.match(section[0]) for line in section]
        foreign = tuple(section[0] for section in _sections(self._lines(running)) if not owned.match(section[0]))
        shown = {self._masked(line).strip(): line.strip() for line in ours}
        have = get_hconfig_fast_load(driver, [self._masked(line) for line in ours])
        marked = {conceal(line).strip(): line.strip() for line in self._lines(wanted) if marks(line)}
        want = get_hconfig_fast_load(driver, [conceal(line) for line in self._lines(wanted)])

        def typed(line: str) -> str:
            """Return a step with what it hides: the mark of a wanted secret, or the words of a line that goes."""
            words = line.removeprefix(driver.negation_prefix)
            return marked.get(line) or line.replace(words, shown.get(words, words))

        lines = [typed(line.strip()) for line in _steps(WorkflowRemediation(have, want))]
        return Comparison(tuple(lines), "\n".join(have.unified_diff(want)), foreign)

    def secret_lines(self, wanted: str, due: Iterable[str]) -> tuple[str, ...]:
        """Return the wanted lines that carry one of these secrets, each within its section."""
        lines: list[str] = []
        names = set(due)
        for section in _sections(self._lines(wanted)):
            chosen = [line for line in section if marks(line) & names]
            if not chosen:
                continue
            inside = [line for line in chosen if line.startswith(" ")]
            lines += [section[0], *(line.strip() for line in inside)]
            if inside:
                lines.append(self.leave)
        return tuple(lines)

    def _driver(self) -> HConfigDriverBase:
        driver = get_hconfig_driver(self.dialect)
        for path in self.single:
            rule = IdempotentCommandsRule(match_rules=tuple(MatchRule(startswith=part) for part in path))
            driver.rules.idempotent_commands.append(rule)
        for path, use in self.negated:
            rules = tuple(MatchRule(startswith=part) for part in path)
            driver.rules.negate_with.append(NegationDefaultWithRule(match_rules=rules, use=use))
        return driver

    def _lines(self, text: str) -> list[str]:
        """Return the lines that matter, indented as they are, lists expanded."""
        kept = (line.rstrip() for line in text.splitlines())
        return [each for line in kept if line.strip() and not self.volatile.match(line) for each in self.expand(line)]

    def _masked(self, line: str) -> str:
        """Return a shown line with its secret as the mask that a rendered one has."""
        for pattern in self.secrets_shown:
            line = pattern.sub(rf"\1{MASK}", line)
        return line


def _sections(lines: Iterable[str]) -> Iterator[list[str]]:
    """Return each line of the first column with the indented lines below it."""
    section: list[str] = []
    for line in lines:
        if not line.startswith(" ") and section:
            yield section
            section = []
        section.append(line)
    if section:
        yield section


def _steps(workflow: WorkflowRemediation) -> list[str]:
    """Return the lines to type, in order, each section left where it ends."""
    remediation: HConfig = workflow.remediation_config
    return list(remediation.lines(sectional_exiting=True))
