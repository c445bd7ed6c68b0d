"""Becoming root for what needs it: the same command again by ``sudo``, with the environment it was started in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from smartcommune.cli.invocation import VARIABLE
from smartcommune.errors import ToolMissingError, UsageError
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.cli.session import Session

KEPT = (
    *(
        "LANG",
        "LC_ALL",
        "LC_MESSAGES",
        "TERM",
        "NO_COLOR",
        "COLUMNS",
        "PATH",
        "XDG_CACHE_HOME",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
    ),
    *(
        "SMARTCOMMUNE_STATE",
        "SMARTCOMMUNE_CACHE",
        "SMARTCOMMUNE_PROFILE",
        "SMARTCOMMUNE_TARGET",
        VARIABLE,
        "SMARTCOMMUNE_PROVINCE",
    ),
    *("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("GOPROXY", "GOFLAGS", "GONOSUMDB", "GOSUMDB", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "SSL_CERT_FILE"),
)


def sudo_command(arguments: list[str], environ: dict[str, str], *, terminal: bool) -> list[str]:
    """Return the command that runs ``arguments`` of this program as root, keeping what is set of ``KEPT``."""
    kept = ",".join(name for name in KEPT if name in environ)
    ask = [] if terminal else ["--non-interactive"]
    program = [sys.executable, "-m", "smartcommune"]
    return ["sudo", *ask, f"--preserve-env={kept}", "--", *program, *arguments]


def with_sbin(path: str) -> str:
    """Return a PATH that also has the folders of root's programs: Debian leaves them out of a user's."""
    folders = [each for each in path.split(":") if each]
    return ":".join([*folders, *(each for each in ("/usr/sbin", "/sbin") if each not in folders)])


def become_root(session: Session) -> None:
    """Return when root already; else replace this process. Raises ToolMissingError without sudo."""
    os.environ["PATH"] = with_sbin(os.environ.get("PATH", ""))
    if os.geteuid() == 0:
        return
    if shutil.which("sudo") is None:
        raise ToolMissingError(
            Text(vi="việc này cần quyền root, và không có sudo", en="this needs root, and there is no sudo"),
            todo=Text(vi="chạy lại bằng root", en="run it again as root"),
        )
    terminal = sys.stdin.isatty()
    if not terminal and _asks_for_a_password():
        raise UsageError(
            Text(
                vi="việc này cần quyền root; sudo hỏi mật khẩu, mà không có ai để gõ",
                en="this needs root; sudo asks for a password, and there is no terminal to type it on",
            ),
            todo=Text(vi="chạy trong một cửa sổ lệnh, hoặc chạy bằng root", en="run it on a terminal, or as root"),
        )
    os.environ[VARIABLE] = session.program
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp("sudo", sudo_command(list(session.arguments), dict(os.environ), terminal=terminal))


def become_root_for(session: Session, target: str) -> None:
    """Become root where the target needs it: the lab does, machines that stand already do not."""
    if target == "lab":
        become_root(session)


def _asks_for_a_password() -> bool:
    """Return whether sudo wants somebody to type something, or lets this user do nothing."""
    return subprocess.run(["sudo", "--non-interactive", "true"], capture_output=True, check=False).returncode != 0
