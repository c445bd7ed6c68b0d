"""The agent: it holds the key while it is needed, and is gone after that in every case."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smartcommune.lab.seed import make_host_key
from smartcommune.transports.agent import Agent, AgentError, FakeAgent
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="openssh-client is not installed")


@pytest.fixture(scope="module")
def key():
    """A key pair in OpenSSH's formats."""
    return make_host_key()


def _listed(agent: Agent) -> str:
    environment = os.environ | agent.environment
    return subprocess.run(["ssh-add", "-L"], env=environment, capture_output=True, text=True, check=True).stdout


def _processes_with(text: str) -> list[int]:
    """Return the processes whose command line has ``text`` in it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def _agents(agent: Agent) -> list[int]:
    return _processes_with(agent.socket)


def test_the_agent_has_the_key_and_is_announced(key, monkeypatch):
    """Inside the block ssh finds the agent and the key in it; afterwards the environment is as before."""
    monkeypatch.setenv("SSH_AUTH_SOCK", "/before")
    with Agent(key.private.strip()) as agent:
        assert os.environ["SSH_AUTH_SOCK"] == agent.socket
        assert _listed(agent).startswith(key.public)
    assert os.environ["SSH_AUTH_SOCK"] == "/before"
    assert not Path(agent.socket).parent.exists()


def test_the_agent_ends_with_an_error_too(key, monkeypatch):
    """An exception in the block leaves no agent behind."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    agent = Agent(key.private)

    def fail() -> None:
        with agent:
            assert _agents(agent) != []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _agents(agent) == []
    assert "SSH_AUTH_SOCK" not in os.environ


def test_the_agent_dies_with_a_killed_program(key, tmp_path):
    """A kill -9 of the program that holds it ends the agent as well, and nothing of it is left."""
    program = (
        "import sys, signal; from smartcommune.transports.agent import Agent\n"
        "with Agent(sys.stdin.read()) as agent:\n"
        "    print(agent.socket, flush=True); signal.pause()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        child.stdin.write(key.private)
        child.stdin.close()
        socket = child.stdout.readline().strip()
        assert len(_processes_with(socket)) == 2
        child.send_signal(signal.SIGKILL)
    wait_until(
        lambda: not _processes_with(socket) and not Path(socket).parent.exists(),
        "the agent ends with its program", seconds=5, step=0.01,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL


def test_what_is_no_key_is_refused_without_being_shown():
    """A text that is no key raises an error that does not repeat it, and no agent is left."""
    agent = Agent("not-a-key-but-secret")
    with pytest.raises(AgentError) as caught, agent:
        pytest.fail("the agent took it")
    assert "not-a-key-but-secret" not in str(caught.value)
    assert _agents(agent) == []


def test_the_key_is_in_no_process_list(key):
    """The key goes in by standard input: no command line has a part of it, nor has the object's text."""
    with Agent(key.private) as agent:
        secret = key.private.splitlines()[2]
        assert _processes_with(secret) == []
        assert _processes_with(agent.socket) != []
        assert secret not in repr(agent)


def test_the_fake_counts():
    """The fake is entered and left, and starts nothing."""
    fake = FakeAgent("key")
    with fake as entered:
        assert entered.environment["SSH_AUTH_SOCK"] == fake.socket
    assert (fake.entered, fake.left) == (1, 1)
