"""What the system refused, said in both languages, and what to do where that is known."""

from __future__ import annotations

import errno

from smartcommune.text import Text

_VIETNAMESE = {
    errno.EACCES: "không có quyền",
    errno.EDQUOT: "hết hạn mức đĩa",
    errno.EISDIR: "đây là một thư mục",
    errno.ENOENT: "không có tệp hay thư mục này",
    errno.ENOSPC: "đĩa đầy",
    errno.ENOTDIR: "một phần của đường dẫn không phải là thư mục",
    errno.EPERM: "không được phép",
    errno.EROFS: "chỉ đọc được, không ghi được",
}


def is_known(error: OSError) -> bool:
    """Return whether the error says enough by itself: it names a file, or is one of the usual ones."""
    return bool(error.filename) or error.errno in _VIETNAMESE


def reason(error: OSError) -> Text:
    """Return why the system refused, without the file."""
    english = error.strerror or type(error).__name__
    return Text(vi=_VIETNAMESE.get(error.errno or 0, english), en=english)


def describe(error: OSError) -> tuple[Text, Text | None]:
    """Return what was refused and why, and what to do about it."""
    why = reason(error)
    where = f"{error.filename}: " if error.filename else ""
    message = Text(vi=f"{where}{why.vi}", en=f"{where}{why.en}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return message, Text(vi="giải phóng đĩa rồi chạy lại", en="free some disk, and run it again")
    return message, None
