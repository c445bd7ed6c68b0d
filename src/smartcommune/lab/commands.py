"""Running a program of this computer, with its own words in the error when it fails."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from smartcommune.errors import ToolMissingError
from smartcommune.lab.errors import LabError
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Debian's package for each program the lab calls.
PACKAGES = {
    "ip": "iproute2",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "udhcpc": "udhcpc",
    "unshare": "util-linux",
}


def missing_tool(program: str) -> ToolMissingError:
    """Return the error for a program that is not installed."""
    package = PACKAGES.get(program, program)
    return ToolMissingError(
        Text(vi=f"máy này chưa có chương trình {program}", en=f"this computer lacks the program {program}"),
        todo=Text(vi=f"chạy: sudo apt-get install {package}", en=f"run: sudo apt-get install {package}"),
    )


def run(
    argv: Sequence[str], *, text: str | None = None, env: Mapping[str, str] | None = None, timeout: float = 60
) -> str:
    """Run ``argv`` with ``text`` on its standard input and return its standard output.

    Raises ToolMissingError when the program is absent, LabError with its last words when it fails or takes longer
    than ``timeout`` seconds.
    """
    try:
        done = subprocess.run(argv, input=text, env=env, capture_output=True, text=True, timeout=timeout, check=True)
    except FileNotFoundError as error:
        raise missing_tool(argv[0]) from error
    except subprocess.TimeoutExpired as error:
        command = " ".join(argv)
        raise LabError(
            Text(
                vi=f"lệnh không xong sau {timeout:.0f} giây: {command}",
                en=f"no end after {timeout:.0f} s: {command}",
            )
        ) from error
    except subprocess.CalledProcessError as error:
        command = " ".join(argv)
        words = (error.stderr or error.stdout or "").strip()[-600:]
        raise LabError(
            Text(
                vi=f"lệnh thất bại (mã {error.returncode}): {command}\n{words}",
                en=f"command failed (status {error.returncode}): {command}\n{words}",
            )
        ) from error
    return done.stdout
