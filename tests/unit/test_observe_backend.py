"""Testinfra's modules over observations."""

from __future__ import annotations

import contextlib
import pwd
from pathlib import Path

import pytest
from testinfra.host import Host

from smartcommune.observe import HostObservations, Observation, fetch
from smartcommune.observe.backend import NotObserved, UnansweredError, observed_host
from tests.unit.answering_host import Here


def observations(*seen: Observation) -> HostObservations:
    """Return what was seen of a host."""
    return HostObservations(host="server-1", reached=True, started="2026-11-25T00:00:00+00:00", observations=seen)


def answered(command: str, stdout: str = "", status: int | None = 0, **rest: object) -> Observation:
    """Return one answer."""
    return Observation.model_validate({"command": command, "status": status, "stdout": stdout, "at": 0.0} | rest)


def test_modules_answer_from_what_was_seen():
    """An ordinary test reads what the host said, and what it stands on is known."""
    host = observed_host(observations(answered("cat /etc/x", "Xã\n"), answered("stat -c %a /etc/x", "640\n")))

    assert host.check_output("cat %s", "/etc/x") == "Xã"
    assert host.run("stat -c %a /etc/x").stdout == "640\n"
    assert host.backend.asked == ["cat /etc/x", "stat -c %a /etc/x"]


def test_what_was_not_asked_is_not_hidden():
    """A question without an answer ends the test, also one that would carry on after any error."""
    host = observed_host(observations())

    with pytest.raises(NotObserved, match="server-1 was not asked: cat /etc/y"), contextlib.suppress(Exception):
        host.run("cat /etc/y")


def test_what_gave_no_answer_is_an_error_of_its_own():
    """A question that the host refused, or that took too long, is told with its problem."""
    host = observed_host(observations(answered("cat /etc/x", status=None, problem="refused")))

    with pytest.raises(UnansweredError, match="refused"):
        host.run("cat /etc/x")


def test_root_needs_no_sudo():
    """As root a command is the same with and without sudo; as somebody else it is another one."""
    host = observed_host(
        observations(answered("id -un", "root\n"), answered("sudo -u www /bin/sh -c 'id -un'", "www\n"))
    )

    with host.sudo():
        assert host.check_output("id -un") == "root"
    with host.sudo("www"):
        assert host.check_output("id -un") == "www"


def looks(host: Host) -> tuple[object, ...]:
    """Look at a host as checks do, with modules that ask one thing after another."""
    folder = host.file("/etc")
    return folder.is_directory, folder.mode, host.user("root").uid, host.user("root").home, host.file("/nowhere").exists


def test_asking_for_what_is_missing_ends_with_the_truth():
    """Ask for what a test lacks until nothing is missing: it then sees what the system says."""
    seen: dict[str, Observation] = {}
    connection = Here()
    for _ in range(20):
        host = observed_host(observations(*seen.values()))
        try:
            found = looks(host)
        except NotObserved as missing:
            answer = fetch.observe("server-1", connection, [missing.command])
            seen |= answer.by_command()
        else:
            break
    else:
        pytest.fail(f"still missing after {len(connection.asked)} rounds: {list(seen)}")

    assert found == (True, Path("/etc").stat().st_mode & 0o7777, 0, pwd.getpwnam("root").pw_dir, False)
