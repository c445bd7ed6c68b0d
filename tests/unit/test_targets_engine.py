"""Driving the engine: finding it, running it, interrupting it, and the SDK's internals that this leans on."""

import inspect
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pulumi
import pytest
from pulumi import automation
from pulumi.automation import _stack

from smartcommune.errors import ToolMissingError
from smartcommune.targets import engine
from smartcommune.targets.engine import EngineCommand, OneProcessStack, OneProcessWorkspace, find_engine

FAKE = """#!{python}
import json, os, pathlib, signal, sys, time
call = {{"argv": sys.argv[1:], "sid": os.getsid(0), "pid": os.getpid(), "stdout": os.readlink("/proc/self/fd/1")}}
with open({log!r}, "a") as log:
    log.write(json.dumps(call) + "\\n")
if "version" in sys.argv:
    sys.exit(print("v{version}"))
if "wait" in sys.argv:
    signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
    pathlib.Path({log!r} + ".ready").touch()
    time.sleep(30)
if "fail" in sys.argv:
    sys.exit("error: no such thing")
if "descriptor" in sys.argv:
    print(os.readlink("/proc/self/fd/" + sys.argv[-1]))
print("done")
"""


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A program that behaves as the engine does, as far as these tests ask."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(FAKE.format(python=sys.executable, log=str(tmp_path / "log"), version=engine.VERSION))
    program.chmod(0o755)
    return program


def calls(tmp_path: Path) -> list[dict]:
    """Return what the fake engine was started with."""
    log = tmp_path / "log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_sdk_and_engine_are_of_one_version() -> None:
    """The internals below were read in this version: another SDK must be read again."""
    from importlib.metadata import version

    assert version("pulumi") == engine.VERSION


def test_the_internals_that_we_lean_on() -> None:
    """The SDK starts processes in ``run`` only, asks for outputs and summary after ``up``, and names the stack."""
    up = inspect.getsource(automation.Stack.up)
    command = inspect.getsource(automation.Stack._run_pulumi_cmd_sync)
    workspace = inspect.getsource(automation.LocalWorkspace.__init__)

    assert "self.outputs()" in up
    assert "self.info(" in up
    assert "--client=127.0.0.1:" in up
    assert '"--stack", self.name' in command
    assert "self.workspace.pulumi_command.run(" in command
    assert "pulumi_command or PulumiCommand(" in workspace
    assert list(inspect.signature(automation.PulumiCommand.run).parameters) == [
        "self",
        "args",
        "cwd",
        "additional_env",
        "on_output",
        "on_error",
    ]
    assert _stack.StackInitMode.SELECT
    assert pulumi.runtime.rpc.UNKNOWN == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert pulumi.runtime.rpc._special_sig_key == "4dabf18193072939515e22adb298388d"
    assert pulumi.runtime.rpc._special_secret_sig == "1b47061264138c4ac30d75fd1eb44270"


def test_an_operation_is_one_process(fake: Path, tmp_path: Path) -> None:
    """Opening a stack and bringing it up starts the engine exactly once."""
    workspace = OneProcessWorkspace(
        work_dir=str(tmp_path),
        program=lambda: None,
        project_settings=automation.ProjectSettings(name="x", runtime="python"),
        pulumi_command=EngineCommand(fake),
    )
    OneProcessStack("a", workspace, _stack.StackInitMode.SELECT).up()

    (call,) = calls(tmp_path)
    assert call["argv"][:2] == ["--non-interactive", "up"]
    assert call["argv"][-2:] == ["--stack", "a"]


def test_its_output_goes_to_a_file_in_a_session_of_its_own(fake: Path, tmp_path: Path) -> None:
    """Neither a closed pipe nor the terminal's signals can end the engine in mid-operation."""
    lines: list[str] = []
    result = EngineCommand(fake).run(["up"], str(tmp_path), {}, on_output=lines.append)

    (call,) = calls(tmp_path)
    assert call["sid"] == call["pid"]
    assert not call["stdout"].startswith("pipe:")
    assert result.stdout == "done\n"
    assert lines == ["done"]


def test_a_failure_carries_the_engines_words(fake: Path, tmp_path: Path) -> None:
    """A failed command raises the SDK's error with what the engine said."""
    with pytest.raises(automation.CommandError, match="no such thing"):
        EngineCommand(fake).run(["fail"], str(tmp_path), {})


def test_it_inherits_the_lock(fake: Path, tmp_path: Path) -> None:
    """The lock's descriptor is open in the engine, and only that one of ours."""
    lock = tmp_path / "lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        result = EngineCommand(fake, inherit=(descriptor,)).run(["descriptor", str(descriptor)], str(tmp_path), {})
    finally:
        os.close(descriptor)

    assert result.stdout.splitlines()[0] == str(lock)


def test_an_interruption_reaches_the_engine(fake: Path, tmp_path: Path) -> None:
    """SIGTERM to this program becomes a request to the engine to stop; our own handlers come back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    command = EngineCommand(fake)

    def interrupt() -> None:
        while not (tmp_path / "log.ready").exists():
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(automation.CommandError):
        command.run(["wait"], str(tmp_path), {})
    thread.join()

    assert command.interrupted
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_cached_engine_is_found_first(fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned version in the cache is taken without asking it for its version."""
    cached = tmp_path / "cache" / "pulumi" / engine.VERSION / "pulumi"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(fake.read_bytes())
    cached.chmod(0o755)
    monkeypatch.setenv("SMARTCOMMUNE_CACHE", str(tmp_path / "cache"))

    assert find_engine() == cached
    assert calls(tmp_path) == []


def test_path_is_searched_next(fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine on PATH serves when it is of the pinned version."""
    monkeypatch.setenv("SMARTCOMMUNE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", str(fake.parent))

    assert find_engine() == fake


def test_another_version_is_not_taken(fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine of another version is as good as none, and the message names the command that gets it."""
    fake.write_text(fake.read_text().replace(engine.VERSION, "3.1.0"))
    monkeypatch.setenv("SMARTCOMMUNE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", str(fake.parent))

    with pytest.raises(ToolMissingError) as error:
        find_engine()
    assert error.value.todo is not None
    assert "make setup" in error.value.todo.en


def test_nothing_starts_at_import() -> None:
    """Importing the stack starts no process and touches no file of the state."""
    script = "import subprocess; subprocess.Popen = None; import smartcommune.targets.stack"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
