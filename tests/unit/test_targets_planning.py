"""Plans of machines: reasons, sources, times, counts and the digest."""

from dataclasses import replace

import pytest

from smartcommune.plan.models import Action, counts
from smartcommune.targets.planning import Step, make_plan, removal_plan, timing_key
from smartcommune.targets.provider.journal import Change, Journal, Seen
from smartcommune.targets.state import Resource, State
from smartcommune.text import Text
from tests.target_sites import HOST_SOURCE, SECRET_SOURCE, make_site

PREFIX = "urn:pulumi:test.lab::commune::smartcommune:component:Commune$"
MACHINE = f"{PREFIX}smartcommune:lab:Machine::server-1"
OTHER = f"{PREFIX}smartcommune:lab:Machine::server-2"
NETWORK = f"{PREFIX}smartcommune:lab:Network::test"
SECRET = f"{PREFIX}smartcommune:secret:Token::server-1/shop/django_key"
COMPONENT = "urn:pulumi:test.lab::commune::smartcommune:component:Commune::test"
DRIFT = Text(vi="máy không chạy", en="the machine is not running")


def plan_one(step: Step, seen: Seen | None = None) -> Action:
    """Return the only action of a plan of one step."""
    notes = Journal(seen={step.urn: seen} if seen else {})
    (action,) = make_plan(make_site(), State(), [step], notes, {}).actions
    return action


@pytest.mark.parametrize(
    ("step", "seen", "reason"),
    [
        (Step("create", MACHINE), None, "not there yet"),
        (Step("create", MACHINE), Seen(vanished=True), "deleted by hand"),
        (Step("update", MACHINE), Seen(drift=(DRIFT,)), "the machine is not running"),
        (Step("update", MACHINE), Seen(changed=(Change("memory", "1", "2"),)), "what is asked for changed: memory"),
        (
            Step("update", MACHINE),
            Seen(changed=(Change("memory", "1", "2"),), drift=(DRIFT,)),
            "the machine is not running; what is asked for changed: memory",
        ),
        (Step("update", MACHINE), None, "the last run did not finish it"),
        (Step("delete", MACHINE), None, "no longer asked for by the profile"),
    ],
)
def test_every_action_has_its_reason(step: Step, seen: Seen | None, reason: str) -> None:
    """Why something happens is told in both languages, from what was seen or from the profile."""
    action = plan_one(step, seen)

    assert action.reason.en == reason
    assert action.reason.vi
    assert action.kind == step.kind


def test_a_machine_that_drifted_is_not_ready() -> None:
    """A machine to be mended cannot be looked into before; one whose wish changed can."""
    changed = Seen(changed=(Change("memory", "1", "2"),))
    notes = Journal(seen={MACHINE: Seen(drift=(DRIFT,)), OTHER: changed})
    plan = make_plan(make_site(), State(), [Step("update", MACHINE), Step("update", OTHER)], notes, {})

    assert plan.unready == ("server-1",)


def test_the_detail_shows_both_values() -> None:
    """A change in place says from what to what."""
    seen = Seen(changed=(Change("memory", "1 GiB", "2 GiB"), Change("rootCertificate", None, None)))

    assert plan_one(Step("update", MACHINE), seen).detail == "memory: 1 GiB → 2 GiB; rootCertificate"


def test_sources_are_the_lines_that_asked() -> None:
    """A machine has its host's lines, a secret its role's, what is common the lines of all hosts."""
    assert plan_one(Step("create", MACHINE)).sources == (HOST_SOURCE,)
    assert plan_one(Step("create", SECRET)).sources == (SECRET_SOURCE,)
    assert plan_one(Step("create", NETWORK)).sources == (HOST_SOURCE,)
    assert plan_one(Step("delete", MACHINE)).sources == ()


def test_kinds_are_counted_apart_and_components_not_at_all() -> None:
    """Creations, changes, replacements and removals are told apart; the program's own structure is not shown."""
    steps = [
        Step("create", COMPONENT),
        Step("create", MACHINE),
        Step("replace", OTHER),
        Step("delete", SECRET),
        Step("update", NETWORK),
    ]
    plan = make_plan(make_site(), State(), steps, Journal(), {})

    assert counts(plan.actions) == {"create": 1, "update": 1, "replace": 1, "delete": 1}
    assert [action.subject.en for action in plan.actions][:2] == ["network test", "machine server-1"]
    assert plan.allowed() == {
        ("create", MACHINE),
        ("delete", OTHER),
        ("create", OTHER),
        ("delete", SECRET),
        ("update", NETWORK),
    }


def test_times_are_measured_ones_where_there_are_any() -> None:
    """A machine's own time wins, then the mean of its kind, then a first estimate; machines are made at once."""
    timings = {timing_key("create", MACHINE): 3.0, timing_key("create", f"{MACHINE}9"): 5.0}
    steps = [Step("create", MACHINE), Step("create", OTHER), Step("create", NETWORK)]
    plan = make_plan(make_site(), State(), steps, Journal(), timings)

    assert [action.seconds for action in plan.actions] == [2.0, 3.0, 4.0]
    assert plan.seconds == 2.0 + 4.0


@pytest.mark.parametrize("what", ["site", "state", "steps", "drift"])
def test_the_digest_stands_for_inputs_state_and_drift(what: str) -> None:
    """The same world gives the same digest; a change of any part gives another one."""
    site, state, steps, seen = make_site(), State(), [Step("update", MACHINE)], Seen(drift=(DRIFT,))
    first = make_plan(site, state, steps, Journal(seen={MACHINE: seen}), {})
    again = make_plan(site, state, [*steps, *steps], Journal(seen={MACHINE: seen}), {"x": 1.0})
    if what == "site":
        site = replace(site, level=3)
    elif what == "state":
        state = State((Resource(MACHINE, "smartcommune:lab:Machine", "server-1", {}),))
    elif what == "steps":
        steps = [Step("delete", MACHINE)]
    else:
        seen = Seen(vanished=True)
    other = make_plan(site, state, steps, Journal(seen={MACHINE: seen}), {})

    assert again.digest == first.digest
    assert other.digest != first.digest


def test_a_removal_lists_all_that_is_recorded() -> None:
    """What destroy will remove is known from the state alone."""
    state = State((Resource(MACHINE, "smartcommune:lab:Machine", "server-1", {}), Resource(COMPONENT, "x", "", {})))
    plan = removal_plan(make_site(), state, {})

    assert [(action.kind, action.subject.vi) for action in plan.actions] == [("delete", "máy server-1")]
    assert plan.actions[0].reason.en == "everything is removed as asked"
