"""No secret is where it does not belong: the search finds one that was planted, and none of the real ones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from smartcommune.redaction import secret_values
from tests.e2e.conftest import Watch, processes

PLANTED = "planted-canary-3f9c1d7a55"
HIDDEN = "hidden-canary-81e2c06b94"  # in an environment only: neither a command line nor an open file has it
PLACES = "/var/log/planted.log /etc/planted /tmp/planted"
SHORTEST = 12  # characters: shorter lines of a key's text would be found anywhere
FACTS = "/tmp /var/tmp /root/.ansible /home/commune/.ansible /etc/ansible"
# a service keeps its own secrets on its host in files that are closed to others: these are the open ones
OPEN = "find /etc /opt /var/lib /run /root /home /srv -xdev -type f -perm /004 -size -4096k -print0"


def found_in_files(folder: Path, values: set[str]) -> set[str]:
    """Return the files below ``folder`` that hold one of ``values``."""
    wanted = [value.encode() for value in values]
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path.suffix != ".img"]
    return {str(path) for path in files if any(value in path.read_bytes() for value in wanted)}


def found_on_host(commune, host: str, values: set[str]) -> list[str]:
    """Return where a host shows one of ``values``: journal, logs, processes, environments, open files, facts."""
    patterns = "\n".join(sorted(values))
    script = f"""
set -eu
umask 077
cd /
cat > /run/canary-patterns
looked() {{ grep --fixed-strings --file=/run/canary-patterns --quiet && echo "$1" || true; }}
journalctl --no-pager --output=export --all | looked journal
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | looked processes
cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | looked environments
find /var/log -type f -not -path '/var/log/journal/*' -exec cat {{}} + | looked logs
{OPEN} | xargs --null --no-run-if-empty grep --fixed-strings --file=/run/canary-patterns --files-with-matches || true
find {FACTS} -type f -exec cat {{}} + 2>/dev/null | looked facts
rm /run/canary-patterns
"""
    done = subprocess.run(
        commune.lab.shell_argv(host, script),
        input=patterns,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def secrets(commune) -> set[str]:
    """Every secret value of the commune, keys line by line."""
    values = {value for value in secret_values(commune.outputs) if len(value) >= SHORTEST}
    assert len(values) > len(commune.site.secrets)
    return values


def test_the_search_finds_what_is_planted(commune):
    """Positive control: a canary in each place that is searched is found in each of them."""
    host = commune.site.hosts[0].name
    planted = commune.folder / "planted.log"
    planted.write_text(f"a line with {PLANTED} in it\n", encoding="utf-8")
    commune.on(host, f"logger {PLANTED}; for file in {PLACES}; do echo {PLANTED} > $file; done")
    commune.on(host, f"systemd-run --quiet --unit=planted sh -c 'sleep 600; : {PLANTED}'")
    try:
        assert found_in_files(commune.state, {PLANTED}) == {str(planted)}
        assert set(found_on_host(commune, host, {PLANTED})) == {
            "journal",
            "processes",
            "logs",
            "facts",
            "/etc/planted",
            "/run/systemd/transient/planted.service",
        }
        assert any(PLANTED in line for line in processes())
    finally:
        planted.unlink()
        commune.on(host, f"systemctl stop planted; rm {PLACES}; journalctl --rotate --vacuum-time=1s")


def test_the_search_finds_what_is_planted_in_an_environment(commune):
    """Positive control: a canary in an environment alone is found on its host, and by who watches this computer."""
    host = commune.site.hosts[0].name
    script = "export HIDDEN=$(cat /run/hidden-canary); exec sleep 600"
    runs = "until [ $(cat /proc/$(systemctl show -P MainPID hidden)/comm) = sleep ]; do sleep 0.1; done"
    seen: set[str] = set()
    # in two parts: the journal keeps the command line of who logs in
    commune.on(host, f"umask 077; printf %s%s {HIDDEN[:9]} {HIDDEN[9:]} > /run/hidden-canary")
    commune.on(host, f"systemd-run --quiet --unit=hidden sh -c '{script}'")
    try:
        commune.on(host, f"timeout 20 sh -c '{runs}'")
        with Watch(seen):
            found = found_on_host(commune, host, {HIDDEN})
        assert found == ["environments"]
        assert [line for line in seen if f"HIDDEN={HIDDEN}" in line]
    finally:
        commune.on(host, "systemctl stop hidden; rm /run/hidden-canary")


def test_no_secret_in_state_report_and_output(commune, secrets):
    """Logs, records, report, plain state and all that the command line wrote are free of secrets."""
    assert found_in_files(commune.state, secrets) == set()
    assert [text for text in commune.output if any(value in text for value in secrets)] == []


def test_no_process_carries_a_secret(commune, secrets):
    """No process while the commune was made, nor one there is now, had a secret in command line or environment."""
    assert [line for line in commune.processes | processes() if any(value in line for value in secrets)] == []


def test_no_secret_lies_open_on_a_host(commune, secrets):
    """Journal, logs, processes, facts and every file that anybody may read are free of secrets on each host."""
    assert {host.name: found_on_host(commune, host.name, secrets) for host in commune.site.hosts} == {
        host.name: [] for host in commune.site.hosts
    }
