"""The stack over a fake session: saved plans, permissions, words, sweeping; without engine and lab."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from smartcommune.errors import PlanChangedError
from smartcommune.lab.models import MachineSpec
from smartcommune.targets import stack as stack_module
from smartcommune.targets.layout import layout
from smartcommune.targets.provider.fakes import FakeLab
from smartcommune.targets.provider.journal import Journal, Seen
from smartcommune.targets.stack import Stack, StackEvent
from smartcommune.targets.timings import load_timings
from smartcommune.text import Text
from tests.target_sites import MIB, make_site

MACHINE = "urn:pulumi:test.lab::commune::smartcommune:component:Commune$smartcommune:lab:Machine::server-1"
KILLED = Seen(drift=(Text(vi="máy không chạy", en="the machine is not running"),))


class FakeEngine:
    """Foresees ``foreseen`` and does it by the journal, as engine and provider do together."""

    def __init__(self) -> None:
        self.foreseen: list[tuple[str, str]] = [("update", MACHINE)]
        self.seen = {MACHINE: KILLED}
        self.ups = 0
        self.journal = Journal()

    def preview(self, on_event: Callable[[Any], None]) -> None:
        """Tell what would be done."""
        self.journal.seen.update(self.seen)
        for op, urn in [("same", MACHINE + "9"), *self.foreseen]:
            on_event(SimpleNamespace(resource_pre_event=SimpleNamespace(metadata=SimpleNamespace(op=op, urn=urn))))

    def up(self, *, continue_on_error: bool) -> None:
        """Do it."""
        assert continue_on_error
        self.ups += 1
        for op, urn in self.foreseen:
            with self.journal.step(op, urn):  # type: ignore[arg-type]
                pass

    def destroy(self, *, continue_on_error: bool) -> None:
        """Do nothing: what is swept afterwards is what the tests look at."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A fake engine in place of the real session, and outputs that nobody reads."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    engine = FakeEngine()

    @contextmanager
    def session(*_: Any, journal: Journal | None, **__: Any) -> Iterator[Any]:
        engine.journal = journal or Journal()
        yield SimpleNamespace(stack=engine, journal=engine.journal, machines=SimpleNamespace(not_reached={}))

    monkeypatch.setattr(stack_module, "open_session", session)
    monkeypatch.setattr(stack_module, "fetch_outputs", lambda site: site.profile)
    return engine


@pytest.fixture
def lab() -> FakeLab:
    """A lab in memory."""
    return FakeLab()


def test_a_saved_plan_of_an_unchanged_world_is_applied(engine: FakeEngine, lab: FakeLab) -> None:
    """The digest fits: the plan is applied, and nothing beyond it is permitted."""
    with Stack(make_site(), labs=lambda _: lab) as stack:
        plan = stack.preview()
        assert stack.up(expected=plan.digest) == "test"

    assert engine.ups == 1
    assert engine.journal.allowed == {("update", MACHINE)}


def test_a_saved_plan_of_another_world_is_refused(engine: FakeEngine, lab: FakeLab) -> None:
    """Other drift than the plan saw: refused before anything is touched, as a matter of use."""
    with Stack(make_site(), labs=lambda _: lab) as stack:
        plan = stack.preview()
        engine.foreseen.append(("create", MACHINE.replace("server-1", "server-2")))
        with pytest.raises(PlanChangedError) as error:
            stack.up(expected=plan.digest)

    assert engine.ups == 0
    assert error.value.exit_code == 2
    assert error.value.todo is not None


def test_progress_comes_in_words_with_expectations(engine: FakeEngine, lab: FakeLab) -> None:
    """Events name the thing in both languages; the second time they know how long it takes."""
    events: list[StackEvent] = []
    site = make_site()
    with Stack(site, labs=lambda _: lab) as stack:
        stack.up(events.append)
        stack.up(events.append)

    assert [(event.subject.vi, event.operation, event.state) for event in events[:2]] == [
        ("máy server-1", "update", "started"),
        ("máy server-1", "update", "done"),
    ]
    assert events[0].expected is None
    assert events[2].expected is not None
    assert list(load_timings(layout(site).folder / "timings.json")) == ["update smartcommune:lab:Machine server-1"]
    assert (layout(site).folder / "site.json").exists()


def test_destroy_sweeps_only_its_own(engine: FakeEngine, lab: FakeLab) -> None:
    """Machines that bear this stack's mark go, recorded or not; others stay."""
    spec = MachineSpec("server-1", "server", "10.99.3.10", 24, "10.99.3.1", 512 * MIB, 0, ())
    lab.ensure_machine(spec, MACHINE)
    lab.ensure_machine(MachineSpec("other", *list(_fields(spec))[1:]), MACHINE.replace("test.lab", "other.lab"))
    with Stack(make_site(), labs=lambda _: lab) as stack:
        stack.destroy()

    assert list(lab.states) == ["other"]


def test_existing_machines_are_not_the_labs_business(engine: FakeEngine, lab: FakeLab) -> None:
    """On target existing no lab is asked for anything."""
    with Stack(make_site(target="existing"), labs=lambda _: lab) as stack:
        stack.up()
        stack.destroy()

    assert lab.calls == []


def test_it_is_used_inside_its_with_statement(lab: FakeLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock nothing can be started."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    with pytest.raises(RuntimeError, match="with statement"):
        Stack(make_site(), labs=lambda _: lab).preview()


def _fields(spec: MachineSpec) -> Iterator[Any]:
    return (getattr(spec, name) for name in spec.__dataclass_fields__)
