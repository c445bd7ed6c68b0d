"""Checks are run for real, against a fake ssh that answers on this computer, with every state they can end in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from smartcommune.verify.context import Context, HostContext
from smartcommune.verify.results import Verification
from smartcommune.verify.runner import run_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "correct-horse-battery"

FAKE_SSH = """#!/bin/sh
for last; do :; done
case "$*" in
*dead-1*) echo "ssh: connect to host 10.9.9.9 port 22: No route to host" >&2; exit 255 ;;
*vanish*) touch "$FAKE_STATE/gone"; exit 255 ;;
esac
case "$*" in
*lost-1*) [ -e "$FAKE_STATE/gone" ] && { echo "Connection closed" >&2; exit 255; } ;;
esac
exec /bin/sh -c "$last"
"""

CHECKS = '''
import pytest

@pytest.mark.title(vi="Cổng mở", en="Port open")
@pytest.mark.parametrize("word", ["a", "b"])
def test_passes(host, word):
    """Echo answers."""
    assert host.check_output(f"echo {word}") == word

@pytest.mark.parametrize("change", [pytest.param(lambda text: text.upper(), id="capitals")])
def test_changes(host, change):
    """Text is changed."""
    assert change("a") == host.check_output("echo A")

def test_fails(host, secrets):
    """The password is not shown."""
    print("seen", secrets("password"), secrets("shop_password"))
    assert secrets("password") == "other"

def test_skips(host):
    pytest.skip("no camera")

@pytest.mark.flow(zone="office")
def test_flow(commune, web_address):
    """Read a variable."""
    assert commune["shop_colour"] == "green"
    assert web_address == "https://cua-hang.example.vn"
    assert "shop_password" not in commune

@pytest.fixture
def broken():
    yield
    raise OSError("clean-up went wrong")

def test_teardown(host, broken):
    assert host.check_output("echo x") == "x"
'''

LOST = """
def test_1_before(host):
    assert host.check_output("echo x") == "x"

def test_2_vanishes(host):
    assert host.run("vanish").rc == 0

def test_3_after(host):
    assert host.check_output("echo x") == "x"
"""

FAKE_SUDO = """#!/bin/sh
while [ "$1" != /bin/sh ]; do shift; done
exec "$@"
"""

SLEEP = 60
SLOW = f"""
import time

def test_sleeps(host):
    time.sleep({SLEEP})
"""

DIES = """
import os

def test_1_dies(host):
    os._exit(9)

def test_2_never(host):
    assert host.check_output("echo x") == "x"
"""

ENDPOINTS = [
    {"service": "reverse_proxy", "name": "example.vn"},
    {"service": "shop", "name": "cua-hang.example.vn"},
]


def _host(*services: str, **variables: object) -> HostContext:
    return HostContext(services=services, variables=variables, address="10.9.9.9", zones={443: ("office",)})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of roles with checks, and a fake ssh and sudo on PATH."""
    root: Path = tmp_path_factory.mktemp("verify")
    roles = {"shop": CHECKS, "lost": LOST, "dies": DIES, "slow": SLOW, "typo": "import no_such_module\n"}
    for service, text in roles.items():
        folder = root / "roles" / service / "checks"
        folder.mkdir(parents=True)
        (folder / "test_service.py").write_text(text, encoding="utf-8")
    for name, text in {"ssh": FAKE_SSH, "sudo": FAKE_SUDO}.items():
        program = root / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{root / 'bin'}:/usr/bin:/bin")
        patch.setenv("FAKE_STATE", str(root))
        patch.delenv("SMARTCOMMUNE_PROFILE", raising=False)
        yield root


def _context(**hosts: HostContext) -> Context:
    return Context(
        profile="p",
        ssh_config="/dev/null",
        ca_certificate="",
        hosts={name.replace("_", "-"): host for name, host in hosts.items()},
        names={},
        secrets={"shop-1/shop/password": SECRET, "dead-1/shop/password": SECRET},
    )


@pytest.fixture(scope="module")
def seen(world: Path) -> tuple[Verification, list[dict[str, object]]]:
    """One run over four hosts and its events."""
    context = _context(
        shop_1=_host("shop", "typo", shop_colour="green", commune_endpoints=ENDPOINTS),
        dead_1=_host("shop"),
        lost_1=_host("lost"),
        dies_1=_host("dies"),
    )
    events: list[dict[str, object]] = []
    verification = run_context(context, tuple(context.hosts), frozenset([SECRET]), events.append, roles=world / "roles")
    return verification, events


def test_an_interrupt_does_not_wait_for_checks(world: Path):
    """Whoever stops a run gets out at once, and no check goes on."""
    started = time.monotonic()

    def interrupt(event: dict[str, object]) -> None:
        if event["event"] == "started":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_context(_context(slow_1=_host("slow")), ("slow-1",), frozenset(), interrupt, roles=world / "roles")
    assert time.monotonic() - started < SLEEP


@pytest.mark.parametrize(
    ("check", "state", "reason"),
    [
        ("shop-1/shop/test_service.test_passes[a]", "passed", ""),
        ("shop-1/shop/test_service.test_passes[b]", "passed", ""),
        ("shop-1/shop/test_service.test_changes[capitals]", "passed", ""),
        ("shop-1/shop/test_service.test_fails", "failed", "AssertionError: assert '********' == 'other'"),
        ("shop-1/shop/test_service.test_skips", "skipped", "no camera"),
        ("shop-1/shop/test_service.test_flow", "passed", ""),
        ("shop-1/shop/test_service.test_teardown", "failed", "teardown: OSError: clean-up went wrong"),
        ("shop-1/typo/test_service", "failed", "the check file could not be loaded"),
        ("dead-1/shop/test_service.test_passes[a]", "not_reached", "No route to host"),
        ("dead-1/shop/test_service.test_skips", "not_reached", "No route to host"),
        ("dead-1/shop/test_service.test_flow", "not_reached", "No route to host"),
        ("lost-1/lost/test_service.test_1_before", "passed", ""),
        ("lost-1/lost/test_service.test_2_vanishes", "not_reached", "Connection closed"),
        ("lost-1/lost/test_service.test_3_after", "not_reached", "Connection closed"),
        ("dies-1/dies/test_service.test_1_dies", "not_run", "pytest ended with status 9"),
        ("dies-1/dies/test_service.test_2_never", "not_run", "pytest ended with status 9"),
    ],
)
def test_state(seen, check, state, reason):
    """Each planned check ends in its own state with a reason in one line."""
    results = {result.check.id: result for result in seen[0].results}

    found = results[check].reason_text.en

    assert (results[check].state, found[-len(reason) :] if reason else "") == (state, reason)
    assert "\n" not in found


def test_the_toolkits_own_reasons_are_in_both_languages(seen):
    """What another program says stays as it is; why a check file was not loaded is said in the reader's language."""
    results = {result.check.id: result for result in seen[0].results}

    assert results["shop-1/typo/test_service"].reason_text.vi == "không đọc được tệp kiểm tra"
    assert results["dead-1/shop/test_service.test_flow"].reason_text.vi.endswith("No route to host")


def test_every_planned_check_has_one_result(seen):
    """Nothing is lost and nothing is counted twice."""
    ids = [result.check.id for result in seen[0].results]

    assert len(ids) == len(set(ids)) == 20
    assert seen[0].exit_code == 1


def test_hosts_are_counted(seen):
    """A host that never answered and one that vanished are both not reached."""
    assert {host.name: host.reached for host in seen[0].hosts} == {
        "shop-1": True,
        "dead-1": False,
        "lost-1": False,
        "dies-1": True,
    }


def test_title_and_kind(seen):
    """A title comes from the marker in both languages, else from the docstring; flows are told apart."""
    checks = {result.check.id: result.check for result in seen[0].results}

    assert checks["shop-1/shop/test_service.test_passes[a]"].title.vi == "Cổng mở – a"
    assert checks["shop-1/shop/test_service.test_flow"].title.en == "Read a variable."
    assert checks["shop-1/shop/test_service.test_flow"].kind == "flow"


def test_no_secret_is_kept(seen):
    """Neither results nor events carry a secret, while the failing check did print it."""
    verification, events = seen
    failed = next(result for result in verification.results if result.check.id.endswith("test_fails"))

    assert "seen ******** ********" in failed.detail
    assert SECRET not in verification.model_dump_json()
    assert SECRET not in repr(events)


def test_events_come_in_order(seen):
    """For each host the plan comes first, then whether it answers, then checks one by one."""
    kinds = [event["event"] for event in seen[1] if event["host"] == "lost-1"]

    assert kinds == ["planned", "host", *["started", "result"] * 3]
