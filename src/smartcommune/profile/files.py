"""The data files that a profile names: they must lie, by every link's end, in the profile's folder."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune import paths, refusals
from smartcommune.document.nearest import nearest
from smartcommune.document.traps import Trap
from smartcommune.profile.loaded import DataFile
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.document.model import Document, KeyPath

MAX_FILE_BYTES = 32 * 1024**2


def check_file(
    document: Document, path: KeyPath, value: str, base: Path, header: tuple[str, ...] = ()
) -> DataFile | None:
    """Return the file that the option at ``path`` names, or record why it cannot be used; ``base`` is the folder.

    With a ``header`` the file is a table (CSV) that has these columns.
    """
    try:
        problem = _written_wrong(value)
        if problem is None:
            target = (base / value).resolve(strict=True)
            problem = _unfit(target, base)
        if problem is None:
            content = target.read_bytes()
            wrong = _unfit_table(content, header) if header else None
            if wrong is None:
                return DataFile(paths.display(base / value), hashlib.sha256(content).hexdigest())
            document.add(path, wrong)
            return None
    except FileNotFoundError:
        problem = (
            Text(vi="liên kết chỉ tới một tệp không có", en="the link points to a file that is not there")
            if (base / value).is_symlink()
            else Text(vi="không có tệp này", en="there is no such file")
        )
    except OSError as error:
        why = refusals.reason(error)
        problem = Text(vi=f"không đọc được: {why.vi}", en=f"it cannot be read: {why.en}")
    except (ValueError, RuntimeError):  # NUL in a name; links that run in a circle
        problem = Text(vi="không phải là một đường dẫn dùng được", en="this is not a path that can be used")
    expected = Text(
        vi=f"một tệp trong thư mục của hồ sơ ({paths.display(base)})",
        en=f"a file in the profile's folder ({paths.display(base)})",
    )
    todo = Text(vi="sửa đường dẫn, hoặc đặt tệp vào đó", en="correct the path, or put the file there")
    document.add(path, Trap("file", problem, expected, todo), suggestion=_nearest_file(value, base))
    return None


def _written_wrong(value: str) -> Text | None:
    """Return why a path is refused before looking at the disk."""
    if Path(value).is_absolute() or value.startswith("~"):
        return Text(vi="đường dẫn tuyệt đối không được dùng", en="absolute paths are not allowed")
    if ".." in Path(value).parts:
        return Text(vi="đường dẫn đi ra ngoài thư mục của hồ sơ", en="the path leaves the profile's folder")
    return None


def _unfit(target: Path, base: Path) -> Text | None:
    """Return why a file that exists cannot be used."""
    if not target.is_relative_to(base.resolve()):
        return Text(vi="liên kết đi ra ngoài thư mục của hồ sơ", en="a link leads out of the profile's folder")
    if not target.is_file():
        return Text(vi="đây không phải là một tệp thường", en="this is not a regular file")
    if target.stat().st_size > MAX_FILE_BYTES:
        return Text(vi="tệp lớn hơn 32 MiB", en="the file is bigger than 32 MiB")
    return None


def _unfit_table(content: bytes, header: tuple[str, ...]) -> Trap | None:
    """Return why a file is not a table with these columns."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        problem = Text(vi=f"dòng {number} của tệp không ở dạng UTF-8", en=f"line {number} of the file is not UTF-8")
        return _bad_table(problem, header)
    if "\0" in content.decode("utf-8-sig"):
        return _bad_table(Text(vi="tệp không phải là văn bản", en="the file is not text"), header)
    columns = [name.strip() for name in next(csv.reader(lines[:1]), [])]
    if missing := [name for name in header if name not in columns]:
        names = ", ".join(missing)
        return _bad_table(Text(vi=f"dòng đầu của tệp thiếu {names}", en=f"the file's first line lacks {names}"), header)
    return None


def _bad_table(problem: Text, header: tuple[str, ...]) -> Trap:
    names = ",".join(header)
    expected = Text(vi=f"tệp CSV (UTF-8), dòng đầu {names}", en=f"a CSV file (UTF-8), its first line {names}")
    todo = Text(vi="sửa tệp, lưu lại dạng CSV UTF-8", en="correct the file, save it again as CSV in UTF-8")
    return Trap("file-content", problem, expected, todo)


def _nearest_file(value: str, base: Path) -> str | None:
    """Return the file of the same folder whose name looks most like what was written."""
    folder = (base / value).parent
    try:
        if Path(value).is_absolute() or not folder.resolve().is_relative_to(base.resolve()):
            return None
        match = nearest(Path(value).name, sorted(item.name for item in folder.iterdir()))
    except (OSError, ValueError, RuntimeError):
        return None
    return None if match is None else str(Path(value).parent / match)
