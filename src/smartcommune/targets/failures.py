"""From what the engine and the provider say of a failed operation to one error that says what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartcommune.errors import InterruptedRunError, NotReachedError, SmartCommuneError
from smartcommune.targets.state import wrong_passphrase
from smartcommune.targets.vocabulary import is_thing, name_of, subject_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from pulumi.automation import CommandError

    from smartcommune.targets.provider.journal import Failure, Journal

_ERROR_LINE = re.compile(r"^\s*error: (.+)$", re.MULTILINE)
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class EngineError(SmartCommuneError):
    """The engine itself failed: its own words."""


class ProvisioningError(SmartCommuneError):
    """Some machines or secrets were not made; the rest was. Running the same command again goes on from there."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(_joined(failures, "message"), todo=_joined(failures, "todo"))
        self.failures = failures


class HostsNotReachedError(NotReachedError):
    """Existing machines did not answer; the rest is done."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(_joined(failures, "message"), todo=_joined(failures, "todo"))
        self.failures = failures


def explain(error: CommandError, journal: Journal, *, interrupted: bool) -> SmartCommuneError:
    """Return the error to raise for a failed operation of the engine."""
    if interrupted:
        return InterruptedRunError(
            Text(vi="đã dừng theo yêu cầu; phần đã xong được giữ lại", en="stopped as asked; what was done is kept"),
            todo=Text(vi="chạy lại cùng lệnh để làm tiếp", en="run the same command again to go on"),
        )
    failures = tuple(journal.failures)
    if failures and all(isinstance(failure.error, NotReachedError) for failure in failures):
        return HostsNotReachedError(failures)
    if failures:
        return ProvisioningError(failures)
    text = _ESCAPES.sub("", str(error))
    if "incorrect passphrase" in text:
        return wrong_passphrase()
    lines = list(dict.fromkeys(_ERROR_LINE.findall(text))) or [text.strip().splitlines()[-1]]
    said = "; ".join(lines)
    return EngineError(Text(vi=f"pulumi báo lỗi: {said}", en=f"pulumi failed: {said}"))


def _joined(failures: tuple[Failure, ...], part: str) -> Text:
    """Return all failures in one text, each naming its thing; the same advice is given once."""
    vi: list[str] = []
    en: list[str] = []
    for failure in failures:
        text: Text | None = getattr(failure.error, part)
        if text is None:
            continue
        if part == "message" and is_thing(failure.urn) and name_of(failure.urn) not in text.en:
            subject = subject_of(failure.urn)
            text = Text(vi=f"{subject.vi}: {text.vi}", en=f"{subject.en}: {text.en}")
        vi.append(text.vi)
        en.append(text.en)
    if not en:
        return Text(vi="chạy lại cùng lệnh để làm tiếp", en="run the same command again to go on")
    return Text(vi="\n".join(dict.fromkeys(vi)), en="\n".join(dict.fromkeys(en)))
