"""The pytest plugin under which the services' checks run: by ``smartcommune verify``, and by plain ``pytest``.

    SMARTCOMMUNE_PROFILE=vi-huong pytest roles/cooperative_shop/checks --hosts=server-1

Gives the fixtures that ``docs/checks.md`` lists; connects Testinfra's ``host`` as root; keeps a
service's checks to the hosts that carry it; probes each host before its first check, so that a host that does not
answer is reported as not reached and nothing else. Without ``$SMARTCOMMUNE_PROFILE`` or a runner it does nothing.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from smartcommune.text import Text, say

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import httpx

    from smartcommune.verify.session import CheckSession

_SESSION = pytest.StashKey["CheckSession"]()
_NO_REACH = pytest.StashKey[str | Text]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers; when a commune is named, point Testinfra at its hosts."""
    config.addinivalue_line("markers", "flow(zone): a check that does what a user of the service does, from a zone")
    config.addinivalue_line("markers", "title(vi, en): the check's title in both languages")
    if not {"SMARTCOMMUNE_CONTEXT_FD", "SMARTCOMMUNE_PROFILE"} & os.environ.keys():
        return
    from smartcommune.verify.session import CheckSession

    session = CheckSession.open()
    config.add_cleanup(session.close)
    config.stash[_SESSION] = session
    config.pluginmanager.register(_Hooks(session))
    asked = config.option.hosts.split(",") if config.option.hosts else list(session.context.hosts)
    config.option.hosts = ",".join(session.connection(name.removeprefix("ssh://")) for name in asked)
    config.option.ssh_config = session.context.ssh_config
    config.option.sudo = True


class _Hooks:
    """The hooks of a run that checks a commune."""

    def __init__(self, session: CheckSession) -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give every check a host, also a flow that opens only web addresses."""
        if "_testinfra_host" not in metafunc.fixturenames:
            metafunc.fixturenames.append("_testinfra_host")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a check file that cannot be loaded: it is a failure, not an absence."""
        if report.failed:
            self._session.unloadable(report.nodeid, report.longreprtext)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the checks of a service to the hosts that carry it."""
        kept = [item for item in items if self._session.applies(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell what is planned, and probe the hosts, before anything is run."""
        self._session.plan(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a check of a host that does not answer at once, without a traceback."""
        self._session.started(item)
        if reason := self._session.unreached(self._session.host_of(item)):
            item.stash[_NO_REACH] = reason
            pytest.fail(f"not reached: {say(reason, 'en')}", pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Notice a host that was lost in the middle of a check; hand each finished phase to the session."""
        report = yield
        lost = call.excinfo is not None and _is_connection_loss(call.excinfo.value)
        if lost and (reason := self._session.probe(self._session.host_of(item))):
            item.stash[_NO_REACH] = reason
            report.longrepr = f"not reached: {say(reason, 'en')}"
        self._session.saw(item, report, not_reached=item.stash.get(_NO_REACH, ""))
        return report


def _is_connection_loss(error: BaseException) -> bool:
    """Testinfra raises RuntimeError with the whole command result when ssh itself ended with status 255."""
    return isinstance(error, RuntimeError) and bool(error.args) and getattr(error.args[0], "rc", None) == 255


def _session(request: pytest.FixtureRequest) -> tuple[CheckSession, str, str]:
    session = request.config.stash.get(_SESSION, None)
    if session is None:
        pytest.skip("no commune named: set SMARTCOMMUNE_PROFILE, and SMARTCOMMUNE_TARGET if it is not the first one")
    return session, session.host_of(request.node), session.service_of(request.node)


@pytest.fixture
def commune(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The host's inventory variables without secrets: ``commune``, ``commune_host``, the services' options."""
    session, host, _ = _session(request)
    return session.context.hosts[host].variables


@pytest.fixture
def web_address(request: pytest.FixtureRequest, commune: dict[str, Any]) -> str:
    """The checked service's one web address, as ``https://cua-hang.…``, without a slash at its end."""
    _, _, service = _session(request)
    (name,) = [endpoint["name"] for endpoint in commune["commune_endpoints"] if endpoint["service"] == service]
    return f"https://{name}"


@pytest.fixture
def secrets(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """A function that returns a secret of the checked service on this host by its name."""
    session, host, service = _session(request)
    return lambda name: session.context.secret(host, service, name)


@pytest.fixture
def web_from(request: pytest.FixtureRequest) -> Iterator[Callable[[str], httpx.Client]]:
    """A function that returns a client of the commune's web addresses as seen from a zone."""
    session, _, _ = _session(request)
    with contextlib.ExitStack() as stack:
        yield lambda zone: stack.enter_context(session.web(zone))


@pytest.fixture
def web(request: pytest.FixtureRequest, web_from: Callable[[str], httpx.Client]) -> httpx.Client:
    """A client of the commune's web addresses, from the flow's zone or the first one that is let in."""
    session, host, _ = _session(request)
    marker = request.node.get_closest_marker("flow")
    return web_from((marker.kwargs.get("zone") if marker else None) or session.web_zone(host))


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """A function that calls another one until its answer is true, at most ``timeout`` seconds long."""

    def wait(question: Callable[[], Any], timeout: float = 20.0, interval: float = 0.2) -> Any:
        deadline = time.monotonic() + timeout
        while not (answer := question()) and time.monotonic() < deadline:
            time.sleep(interval)
        return answer

    return wait
