"""The Pulumi engine: finding the pinned program, and driving it by the Automation API, one process an operation.

Leans on these internals of the pinned SDK (``tests/unit/test_targets_engine.py`` watches them): ``PulumiCommand.run``
is the only place that starts processes; ``Stack.up`` asks ``outputs()`` and ``info()`` afterwards; ``select_stack`` of
the workspace is one more process; every command carries ``--stack``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import automation
from pulumi.automation._cmd import CommandResult
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from smartcommune import paths
from smartcommune.errors import ToolMissingError
from smartcommune.targets.layout import PROJECT
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    from smartcommune.targets.layout import Layout

VERSION = "3.259.0"
ENVIRONMENT = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DIY_BACKEND_NO_LEGACY_WARNING": "true",
    "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
}
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def find_engine() -> Path:
    """Return the engine of the pinned version: from the cache, else from PATH.

    Raises ToolMissingError when there is none.
    """
    cached = paths.cache() / "pulumi" / VERSION / "pulumi"
    if os.access(cached, os.X_OK):
        return cached
    found = shutil.which("pulumi")
    if found and _version(found) == VERSION:
        return Path(found)
    raise ToolMissingError(
        Text(vi=f"thiếu chương trình pulumi {VERSION}", en=f"the program pulumi {VERSION} is missing"),
        todo=Text(vi="chạy: make setup", en="run: make setup"),
    )


def _version(program: str) -> str:
    environment = {**os.environ, **ENVIRONMENT}
    result = subprocess.run([program, "version"], capture_output=True, text=True, check=False, env=environment)
    return result.stdout.strip().removeprefix("v")


class EngineCommand(automation.PulumiCommand):
    """Runs the engine so that nobody's end takes it along.

    Its output goes to a *file*: on a pipe, the death of this program would kill it in mid-operation, leaving lock and
    pending operations. In a session of its own it meets no signal of the terminal: the first one that this program
    gets asks it to finish what is under way and stop, the second one to stop at once. ``inherit`` are descriptors it
    keeps open (the commune's lock).
    """

    def __init__(self, program: Path, inherit: Sequence[int] = ()) -> None:
        self.command = str(program)
        self.version = VersionInfo.parse(VERSION)  # known by pinning: no process is spent on asking
        self.interrupted = False
        self._inherit = tuple(inherit)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run one command of the engine to its end; raises automation.CommandError when it fails."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [self.command, "--non-interactive", *args],
                cwd=cwd,
                env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                pass_fds=self._inherit,
            )
            with self._forwarding(process):
                process.wait()
            result = CommandResult(stdout=_text(output), stderr=_text(errors), code=process.returncode)
        for text, callback in ((result.stdout, on_output), (result.stderr, on_error)):
            if callback is not None:
                for line in text.splitlines():
                    callback(line)
        if result.code != 0:
            raise create_command_error(result)
        return result

    @contextmanager
    def _forwarding(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Pass interruptions on to the engine as long as it runs (only the main thread gets signals)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def forward(number: int, frame: FrameType | None) -> None:
            self.interrupted = True
            process.send_signal(signal.SIGINT)

        previous = {number: signal.signal(number, forward) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _text(file: Any) -> str:
    file.seek(0)
    return bytes(file.read()).decode(errors="replace")


class OneProcessStack(automation.Stack):
    """A stack that asks the engine for nothing beyond the operation: results are read from the state."""

    def outputs(self) -> automation.OutputMap:
        """Return nothing, and start no process."""
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        """Return a blank summary, and start no process."""
        return automation.UpdateSummary(
            kind="update", start_time=datetime.now(UTC), message="", environment={}, config={}, result="succeeded"
        )


class OneProcessWorkspace(automation.LocalWorkspace):
    """A workspace that selects no stack: every command names its own."""

    def select_stack(self, stack_name: str) -> None:
        """Select nothing, and start no process."""


def open_stack(
    layout: Layout, command: EngineCommand, program: Callable[[], None], environment: Mapping[str, str]
) -> OneProcessStack:
    """Return the stack of ``layout``, making it in the backend when it is not there yet."""
    for folder in (layout.work, layout.home):
        folder.mkdir(parents=True, exist_ok=True)
    layout.backend.chmod(0o700)
    workspace = OneProcessWorkspace(
        work_dir=str(layout.work),
        pulumi_home=str(layout.home),
        program=program,
        env_vars={**ENVIRONMENT, **environment, "PULUMI_BACKEND_URL": f"file://{layout.backend}"},
        project_settings=automation.ProjectSettings(name=PROJECT, runtime="python", main=str(layout.work)),
        pulumi_command=command,
    )
    mode = StackInitMode.SELECT if layout.state_file.exists() else StackInitMode.CREATE
    return OneProcessStack(layout.stack, workspace, mode)
