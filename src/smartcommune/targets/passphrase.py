"""The passphrase that encrypts secrets in the state: the user's, else one made on first use.

``PULUMI_CONFIG_PASSPHRASE`` and ``PULUMI_CONFIG_PASSPHRASE_FILE`` mean what they mean to Pulumi. Without them
the passphrase is in ``.state/passphrase``, readable by its owner only: whoever has that file has the secrets.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.errors import UsageError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "PULUMI_CONFIG_PASSPHRASE"
FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE_FILE"
RANDOM_BYTES = 32


def ensure_passphrase(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell the engine the passphrase, making the file on first use.

    Empty when the user's environment tells it already. The engine gets the file's name, not its content.
    """
    if VARIABLE in environ or FILE_VARIABLE in environ:
        return {}
    path = _path()
    if not path.exists():
        _create(path)
    return {FILE_VARIABLE: str(path)}


def load_passphrase(environ: Mapping[str, str]) -> str:
    """Return the passphrase. Raises UsageError when there is none, or when others can read its file."""
    if VARIABLE in environ:
        return environ[VARIABLE]
    path = Path(environ.get(FILE_VARIABLE) or _path())
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise UsageError(
            Text(vi=f"không đọc được mật khẩu trạng thái {path}", en=f"the state's passphrase {path} cannot be read"),
            todo=Text(
                vi=f"đặt {FILE_VARIABLE}, hoặc khôi phục tệp này từ bản sao lưu",
                en=f"set {FILE_VARIABLE}, or restore this file from its backup",
            ),
        ) from error
    if mode & 0o077 and path == _path():
        raise UsageError(
            Text(vi=f"người khác đọc được {path}", en=f"{path} is readable by others"),
            todo=Text(vi=f"chạy: chmod 600 {path}", en=f"run: chmod 600 {path}"),
        )
    return text.strip()


def _path() -> Path:
    return paths.state() / "passphrase"


def _create(path: Path) -> None:
    """Write a new passphrase whole or not at all, and never over one that another run has just made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".passphrase-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(RANDOM_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
