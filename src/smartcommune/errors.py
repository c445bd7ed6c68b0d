"""The one error root, and one subclass for each decision that a caller can take.

Errors are raised plainly and displayed once, by the command line, which turns them into exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune import exit_codes
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartcommune.faults import Fault
    from smartcommune.text import Language


class SmartCommuneError(Exception):
    """Root of all errors a user can meet. Carries a message in both languages and what to do about it."""

    exit_code = exit_codes.FAILED

    def __init__(self, message: Text, *, todo: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.todo = todo


class UsageError(SmartCommuneError):
    """Wrong use or invalid input: nothing was touched (exit code 2)."""

    exit_code = exit_codes.INVALID


class NotReachedError(SmartCommuneError):
    """A host could not be reached; what did not need it is done (exit code 4)."""

    exit_code = exit_codes.NOT_REACHED


class LockedError(SmartCommuneError):
    """Another run holds the lock; the message names the holder, since when, and how to release it."""


class ToolMissingError(SmartCommuneError):
    """A program this machine needs is absent; ``todo`` names the command that installs it."""


class NotProvisionedError(UsageError):
    """The commune has no machines on this target yet; ``todo`` names the command that makes them."""


class PlanChangedError(UsageError):
    """A saved plan no longer describes the inputs and the machines of ``profile`` as they are; nothing was touched."""

    def __init__(self, profile: str) -> None:
        super().__init__(
            Text(
                vi="hồ sơ hoặc các máy đã thay đổi sau khi lập kế hoạch này",
                en="the profile or the machines changed after this plan was made",
            ),
            todo=Text(
                vi=f"lập kế hoạch mới: smartcommune plan {profile} --out <tệp>",
                en=f"make a new plan: smartcommune plan {profile} --out <file>",
            ),
        )


class InterruptedRunError(SmartCommuneError):
    """The run was stopped by the user or by a signal; the same command again resumes it (exit code 130)."""

    exit_code = exit_codes.INTERRUPTED


def is_interrupt(error: BaseException) -> bool:
    """Return whether a run ended because somebody stopped it."""
    return isinstance(error, KeyboardInterrupt | InterruptedRunError)


class InputErrors(UsageError):  # noqa: N818 (it carries many)
    """Input files have faults: all of them at once, in the order of the file."""

    subject = Text(vi="tệp đầu vào", en="the input")

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.errors = tuple(sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column)))
        count = len(self.errors)
        super().__init__(
            Text(
                vi=f"{count} lỗi trong {self.subject.vi}; chưa có gì bị thay đổi",
                en=f"{count} {'error' if count == 1 else 'errors'} in {self.subject.en}; nothing was touched",
            )
        )

    def __reduce__(self) -> tuple[type[InputErrors], tuple[tuple[Fault, ...]]]:
        return type(self), (self.errors,)  # so that it passes from worker processes

    def __str__(self) -> str:
        return self.render("en")

    def render(self, language: Language) -> str:
        """Return all faults as text, a blank line between them, and the count at the end."""
        return "\n\n".join([*(fault.render(language) for fault in self.errors), self.message.get(language)])

    def to_plain(self) -> list[dict[str, Any]]:
        """Return all faults as dicts, lists and scalars, each text in both languages."""
        return [fault.to_plain() for fault in self.errors]


class ProfileErrors(InputErrors):
    """A commune's profile is invalid."""

    subject = Text(vi="hồ sơ xã", en="the profile")


class CatalogueErrors(InputErrors):
    """A role's catalogue entry is invalid, or two entries contradict each other."""

    subject = Text(vi="danh mục dịch vụ", en="the catalogue")


class ProvinceErrors(InputErrors):
    """The file of what a province shares is invalid."""

    subject = Text(vi="tệp của tỉnh", en="the province's file")


class SiteErrors(InputErrors):
    """A valid profile cannot be built as it is: what it asks for does not fit, clashes, or is not there."""

    subject = Text(vi="thiết kế của xã", en="the commune's design")
