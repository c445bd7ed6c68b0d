"""Hosts that are not reached do not keep the others from being finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smartcommune.converge.results import HostResult
from smartcommune.errors import NotReachedError
from smartcommune.plan import Unreached
from smartcommune.runs.apply import Settings, apply, verify
from smartcommune.runs.layers import Layers
from smartcommune.targets.failures import HostsNotReachedError
from smartcommune.targets.provider.journal import Failure
from smartcommune.text import Text
from smartcommune.verify.results import HostReach
from tests.unit import report_sample as sample
from tests.unit.run_fakes import OUTPUTS, FakeStack, World, all_passed

SILENT = Text(vi="gateway-1 im", en="gateway-1 is silent")
UNREACHED = Unreached("gateway-1", SILENT)
FIRST_CONTACT = HostsNotReachedError(
    (Failure("urn:pulumi:s::commune::smartcommune:existing:Machine::gateway-1", "create", NotReachedError(SILENT)),)
)


@pytest.fixture
def world(monkeypatch, tmp_path):
    """A commune of which one host is silent, and was never met."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    made, seen = World(), all_passed()
    made.provisioned, made.unreached, made.up = True, (UNREACHED,), FIRST_CONTACT
    made.outputs = replace(OUTPUTS, hosts={"server-1": OUTPUTS.hosts["server-1"]})
    made.hosts = {"server-1": HostResult(ok=5)}
    kept = tuple(result for result in seen.results if result.check.host == "server-1")
    made.seen = seen.model_copy(update={"hosts": seen.hosts[:1], "results": kept})
    return made


def layers(world):
    """Return the fakes as layers."""
    return Layers(lambda site, **options: FakeStack(world, site, **options), world.converge, world.verify)


def run(world, **settings):
    """Apply over fakes."""
    return apply(sample.site(), sample.catalogue(), Settings(**settings), lambda event: None, layers(world))


def test_on_first_contact_the_others_are_finished(world):
    """The rest is converged and checked; the lost host is in the report with its reason; the end is 4."""
    outcome = run(world)

    assert world.calls == ["up None", "converge site ('server-1',) [] None", "verify ('server-1',)", "released"]
    assert (outcome.exit_code, outcome.unreached) == (4, (UNREACHED,))
    assert HostReach(name="gateway-1", reached=False, reason=SILENT) in outcome.report.seen.hosts
    assert (outcome.report.summary.hosts_reached, outcome.report.summary.hosts_planned) == (1, 2)
    assert (outcome.report.ran[0].state, outcome.report.ran[0].message.en) == ("failed", "gateway-1 is silent")


def test_a_known_host_that_is_silent_is_counted_with_its_checks(world):
    """Its checks are planned and not reached; Ansible is not sent there in vain."""
    world.up, world.outputs = (), OUTPUTS
    run(world)

    assert world.calls[1:3] == ["converge site ('server-1',) [] None", "verify ()"]


def test_without_any_host_nothing_is_run_on_hosts(world):
    """Neither Ansible nor the checks are started for nobody; with or without checks the end is 4."""
    world.outputs = replace(OUTPUTS, hosts={})
    checked, unchecked = run(world), run(world, verify=False)

    assert set(world.calls) == {"up None", "released"}
    assert (checked.exit_code, unchecked.exit_code) == (4, 4)
    assert checked.report.summary.hosts_reached == 0


def test_a_limit_to_others_is_not_failed_by_it(world):
    """Who asks for one host alone is not told 4 for another."""
    outcome = run(world, limit=("server-1",))

    assert (outcome.exit_code, outcome.unreached) == (0, ())


def test_verify_names_hosts_that_were_never_met(world):
    """A host without outputs is not reached, and why is told."""
    outcome = verify(sample.site(), sample.catalogue(), world.outputs, Settings(), lambda event: None, layers(world))

    assert outcome.exit_code == 4
    assert outcome.report.seen.hosts[-1].reason.en == "the host has not been provisioned yet"
