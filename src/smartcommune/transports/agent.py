"""An ssh-agent that holds the toolkit's private key for as long as it is needed: the key is never on a disk.

The key goes in by standard input; the agent ends with the block, and with this process if that is killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune.errors import SmartCommuneError, ToolMissingError
from smartcommune.text import Text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_TIMEOUT = 10.0
# The shell ends the agent when its standard input ends, and that ends with us even after a kill -9. (PR_SET_PDEATHSIG
# would not do: ssh-agent is set-group-id, and the kernel forgets that wish then.) What it says goes into a file: newer
# ones also report their orderly end. The folder goes with it.
_KEEPER = (
    'ssh-agent -D -a "$0" >/dev/null 2>"$0.log" & cat >/dev/null; kill $!; wait; rm -f "$0" "$0.log"; rmdir "${0%/*}"'
)


class AgentError(SmartCommuneError):
    """The agent did not start or did not take the key."""


class Agent:
    """Context manager: an agent with ``private_key`` (OpenSSH's PEM text) in it, announced by SSH_AUTH_SOCK.

    ``environment`` is what a program needs to use it; inside the block ``os.environ`` has it too.
    """

    def __init__(self, private_key: str) -> None:
        self._key = private_key if private_key.endswith("\n") else private_key + "\n"
        self._keeper: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._before: str | None = None
        self.socket = ""

    def __repr__(self) -> str:
        return f"Agent(socket={self.socket!r})"

    @property
    def environment(self) -> dict[str, str]:
        """The variable by which ssh finds the agent."""
        return {"SSH_AUTH_SOCK": self.socket}

    def __enter__(self) -> Self:
        """Start the agent and give it the key."""
        self._folder = tempfile.TemporaryDirectory(prefix="smartcommune-agent-")
        self.socket = str(Path(self._folder.name, "socket"))
        try:
            self._start()
            self._add()
        except BaseException:
            self._stop()
            raise
        self._before = os.environ.get("SSH_AUTH_SOCK")
        os.environ["SSH_AUTH_SOCK"] = self.socket
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the agent and put SSH_AUTH_SOCK back."""
        if self._before is None:
            os.environ.pop("SSH_AUTH_SOCK", None)
        else:
            os.environ["SSH_AUTH_SOCK"] = self._before
        self._stop()

    def _start(self) -> None:
        if shutil.which("ssh-agent") is None:
            raise _missing()
        # A session of its own: Ctrl-C ends the run in order, which still needs the agent.
        command = ["/bin/sh", "-c", _KEEPER, self.socket]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        end = time.monotonic() + _TIMEOUT
        while not Path(self.socket).is_socket():
            if time.monotonic() > end:
                raise _refused(Path(f"{self.socket}.log").read_text(errors="replace").strip() or "no socket")
            time.sleep(0.005)

    def _add(self) -> None:
        try:
            done = subprocess.run(
                ["ssh-add", "-q", "-"],
                input=self._key,
                env=os.environ | self.environment,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise _missing() from error
        if done.returncode != 0:
            raise _refused(done.stderr.strip())

    def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.communicate(timeout=_TIMEOUT)  # closes its standard input
        if self._folder is not None:
            self._folder.cleanup()


def _missing() -> ToolMissingError:
    return ToolMissingError(
        Text(vi="máy này chưa có ssh-agent", en="this computer lacks ssh-agent"),
        todo=Text(vi="chạy: sudo apt-get install openssh-client", en="run: sudo apt-get install openssh-client"),
    )


def _refused(words: str) -> AgentError:
    return AgentError(Text(vi=f"ssh-agent không nhận khóa: {words}", en=f"ssh-agent did not take the key: {words}"))


class FakeAgent:
    """Stands in for :class:`Agent` in tests: starts nothing, remembers that it was entered and left."""

    def __init__(self, private_key: str = "") -> None:
        self.socket = "/nonexistent/agent"
        self.environment = {"SSH_AUTH_SOCK": self.socket}
        self.entered = self.left = 0

    def __enter__(self) -> Self:
        """Count."""
        self.entered += 1
        return self

    def __exit__(self, *_: object) -> None:
        """Count."""
        self.left += 1
