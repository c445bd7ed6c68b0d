"""From a file's bytes to a document: whatever the file is, the outcome is data or faults, never an exception."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from smartcommune import refusals
from smartcommune.document import traps
from smartcommune.document.composer import compose
from smartcommune.document.model import Document
from smartcommune.text import Text

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1024**2

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
# what YAML forbids, and the line separators that editors do not count as lines (NEL, LS, PS)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")


def read_document(path: Path, shown: str) -> Document:
    """Return the document in ``path``; ``shown`` is the name for messages. Faults are recorded in the document."""
    failed = Document(shown, [])
    try:
        content = _read_bytes(path)
    except OSError as error:
        why = refusals.reason(error)
        reason = Text(vi=f"{path}: {why.vi}", en=f"{path}: {why.en}")
        failed.add_at(1, 1, (), traps.UNREADABLE, found=reason)
        return failed
    except ValueError as error:
        failed.add_at(1, 1, (), traps.UNREADABLE, found=Text(vi=f"{error}", en=f"{error}"))
        return failed
    if len(content) > MAX_BYTES:
        failed.add_at(1, 1, (), traps.TOO_BIG, found=Text(vi="hơn 1 MiB", en="more than 1 MiB"))
        return failed
    text = _decode(content, failed)
    if text is None:
        return failed
    document = compose(text, shown)
    if document.faults:
        return document
    if document.data is None:
        document.add_at(1, 1, (), traps.EMPTY_FILE)
    elif not isinstance(document.data, dict):
        document.add_at(document.place(()).line, 1, (), traps.NOT_A_MAPPING)
    return document


def _read_bytes(path: Path) -> bytes:
    """Return at most one byte more than allowed; a device, pipe or directory raises OSError instead of blocking."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 (a descriptor has no path)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, os.strerror(21), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(22, "not a regular file", str(path))
        return stream.read(MAX_BYTES + 1)


def _decode(content: bytes, failed: Document) -> str | None:
    """Return the text without byte order mark, or None after recording why it is none."""
    if content.startswith(_UTF16_MARKS) or _looks_like_utf16(content):
        failed.add_at(1, 1, (), traps.ENCODING, found=Text(vi="UTF-16", en="UTF-16"))
        return None
    content = content.removeprefix(_UTF8_MARK)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = _line_and_column(before)
        failed.lines = content.decode("utf-8", "replace").splitlines()
        byte = f"0x{content[error.start]:02x}"
        failed.add_at(line, column, (), traps.ENCODING, found=Text(vi=f"byte {byte}", en=f"the byte {byte}"))
        return None
    odd = list(_CONTROL.finditer(text))
    if not odd:
        return text
    failed.lines = re.split(r"\r\n|\r|\n", text)
    for match in odd[:20]:
        line, column = _line_and_column(text[: match.start()])
        sign = f"U+{ord(match[0]):04X}"
        failed.add_at(line, column, (), traps.CONTROL_SIGN, found=Text(vi=sign, en=sign))
    return None


def _looks_like_utf16(content: bytes) -> bool:
    """Tell UTF-16 without a mark: every other byte of the beginning is zero."""
    head = content[:200]
    return len(head) >= 4 and max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 4


def _line_and_column(before: str) -> tuple[int, int]:
    """Return where the text that follows ``before`` begins, from 1."""
    lines = re.split(r"\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1
