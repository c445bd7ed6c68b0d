"""Failures that are known: from Ansible's words to what happened and what to do, in both languages. Pure."""

from __future__ import annotations

import re

from smartcommune.text import Text, split_languages

LONGEST = 8  # lines of a failure that are shown whole; the run's log has all of them

_KNOWN: tuple[tuple[str, Text], ...] = (
    (
        r"the change of \w+ was undone (?:when the machine started|\d+ s after)",
        Text(
            vi="máy đã tự hoàn tác thay đổi vì bộ công cụ không quay lại được qua đường mới; xem lại thay đổi, xem bộ "
            "công cụ có đứng trong vùng quản trị không, rồi chạy lại",
            en="undone by the machine itself, since the toolkit could not come back by the new way; review the "
            "change, see that the toolkit stands in the management zone, and run again",
        ),
    ),
    (
        r"the change of \w+ (?:was undone|failed; all is as it was)",
        Text(
            vi="thay đổi không giữ được nên đã được hoàn tác, máy vẫn như trước; xem lại thay đổi rồi chạy lại",
            en="the change did not hold and was undone, the machine is as it was; review the change and run again",
        ),
    ),
    (
        r"No space left on device|You don't have enough free space",
        Text(
            vi="đĩa của máy đã đầy; giải phóng chỗ (df -h, journalctl --vacuum-size=200M) rồi chạy lại",
            en="the machine's disk is full; make room (df -h, journalctl --vacuum-size=200M) and run again",
        ),
    ),
    (
        r"Could not get lock|Unable to acquire the dpkg frontend lock|Failed to lock apt",
        Text(
            vi="máy đang cài gói khác và chưa xong; chờ vài phút rồi chạy lại",
            en="another package installation on the machine has not finished; wait some minutes and run again",
        ),
    ),
    (
        r"Unable to connect to|Could not connect to|Failed to fetch|Connection failed|Temporary failure resolving",
        Text(
            vi="máy không lấy được gói từ kho của tỉnh; xem kho có chạy không, rồi chạy lại",
            en="the machine cannot fetch packages from the province's mirror; see that it runs, then run again",
        ),
    ),
    (
        r"Unable to locate package|has no installation candidate",
        Text(
            vi="kho gói không có gói cần cài; xem kho của tỉnh có đủ Debian 13 không",
            en="the mirror lacks a package; see that the province's mirror carries all of Debian 13",
        ),
    ),
    (
        r"dpkg was interrupted",
        Text(
            vi="lần cài gói trước bị cắt ngang; trên máy chạy: sudo dpkg --configure -a, rồi chạy lại",
            en="an earlier installation was cut off; run on the machine: sudo dpkg --configure -a, then run again",
        ),
    ),
    (
        r"sudo: a password is required|Missing sudo password|is not in the sudoers",
        Text(
            vi="tài khoản quản trị không dùng được sudo không mật khẩu trên máy; sửa /etc/sudoers.d rồi chạy lại",
            en="the administrator cannot use sudo without a password on the machine; mend /etc/sudoers.d and run again",
        ),
    ),
)
_KNOWN_UNREACHABLE: tuple[tuple[str, Text], ...] = (
    (
        r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED",
        Text(
            vi="khóa SSH của máy khác với khóa đã biết; nếu không phải do cài lại máy thì coi là sự cố",
            en="the machine's SSH key is not the known one; unless it was reinstalled, treat it as an incident",
        ),
    ),
    (
        r"Permission denied",
        Text(
            vi="máy từ chối khóa SSH của bộ công cụ",
            en="the machine refuses the toolkit's SSH key",
        ),
    ),
)
_UNREACHABLE = Text(
    vi="không tới được máy bằng SSH; xem máy có chạy và đường mạng có thông không",
    en="the machine does not answer by SSH; see that it runs and that the network path is open",
)


def explain(words: str, *, refused: bool = False) -> Text:
    """Return what a task's failure means: our words with the last line of Ansible's, or Ansible's alone.

    ``refused``: the words are a role's own, of an assertion; each line may be ``Vietnamese | English``.
    """
    if refused and words:
        return split_languages(words)
    for pattern, text in _KNOWN:
        if re.search(pattern, words):
            return Text(vi=f"{text.vi} [{_last(words)}]", en=f"{text.en} [{_last(words)}]")
    lines = [line for line in words.splitlines() if line.strip()]
    shown = "\n".join(lines if len(lines) <= LONGEST else [lines[0], "…", *lines[-3:]]) or "failed without a message"
    return Text(vi=shown, en=shown)


def explain_unreachable(words: str) -> Text:
    """Return why a host was not reached."""
    text = next((text for pattern, text in _KNOWN_UNREACHABLE if re.search(pattern, words)), _UNREACHABLE)
    return Text(vi=f"{text.vi} [{_last(words)}]", en=f"{text.en} [{_last(words)}]") if words.strip() else text


def _last(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
