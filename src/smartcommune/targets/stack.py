"""One commune on one target: plan it, make it so, take it away. The only door to the engine.

::

    with Stack(site) as stack:            # takes the commune's lock
        plan = stack.preview()
        outputs = stack.up(expected=plan.digest)
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from smartcommune.errors import PlanChangedError
from smartcommune.plan.models import Unreached
from smartcommune.site.models import to_json
from smartcommune.targets import recovery
from smartcommune.targets.layout import layout
from smartcommune.targets.lock import hold
from smartcommune.targets.outputs import Outputs, fetch_outputs
from smartcommune.targets.planning import MachinesPlan, Step, make_plan, removal_plan, timing_key
from smartcommune.targets.provider.journal import Journal, Progress
from smartcommune.targets.provider.registry import open_lab
from smartcommune.targets.session import Session, open_session
from smartcommune.targets.state import State, load_state
from smartcommune.targets.timings import load_timings, save_timings
from smartcommune.targets.vocabulary import subject_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from pulumi.automation import EngineEvent

    from smartcommune.plan.models import Kind
    from smartcommune.site.models import Site
    from smartcommune.targets.provider.lab import LabBackend

_KINDS: dict[str, Kind] = {"create": "create", "update": "update", "replace": "replace", "delete": "delete"}
_BASE_IMAGE = Text(vi="ảnh nền của phòng thử", en="base image of the lab")


@dataclass(frozen=True, slots=True)
class StackEvent:
    """Something that happens to a machine, a network or a secret.

    ``expected`` (seconds) when it starts, ``seconds`` when it is over; ``step`` and ``fraction`` in between, where
    something tells.
    """

    subject: Text
    operation: str
    state: Literal["started", "running", "done", "failed"]
    seconds: float | None = None
    expected: float | None = None
    step: Text | None = None
    fraction: float | None = None


class Stack:
    """The commune's machines, networks and secrets on the Site's target, under the commune's lock.

    ``wait`` is how long to wait for another holder of the lock; ``accept_host_keys`` names existing machines whose
    changed host key is trusted from now on; ``command`` is what the lock tells others, by default the command line.
    ``unreached`` are the existing machines that the last ``preview`` or ``up`` did not get into.
    """

    def __init__(
        self,
        site: Site,
        *,
        wait: timedelta | None = None,
        accept_host_keys: Collection[str] = (),
        command: str | None = None,
        labs: Callable[[str], LabBackend] = open_lab,
    ) -> None:
        self.site = site
        self._layout = layout(site)
        self._wait = wait
        self._accept = frozenset(accept_host_keys)
        self._command = command
        self._labs = labs
        self._held = ExitStack()
        self._lock: int | None = None
        self.unreached: tuple[Unreached, ...] = ()

    def __enter__(self) -> Self:
        """Take the lock; raises LockedError."""
        path = self._layout.folder / "lock"
        self._lock = self._held.enter_context(hold(path, wait=self._wait, command=self._command))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the lock."""
        self._lock = None
        self._held.close()

    @property
    def lock(self) -> int:
        """Descriptor of the lock: a child that inherits it (``pass_fds``) keeps the lock while it lives."""
        if self._lock is None:
            raise RuntimeError("a Stack is used inside its with statement")
        return self._lock

    def preview(self) -> MachinesPlan:
        """Return what ``up`` would do now. Reads the real machines; changes nothing but the record of a cut run."""
        self._recover()
        with self._session() as session:
            return self._preview(session)

    def up(self, on_event: Callable[[StackEvent], None] | None = None, *, expected: str | None = None) -> Outputs:
        """Make what the Site wants, mending what was cut, killed or changed by hand; return what stands.

        ``expected`` is the digest of a plan: raises PlanChangedError, touching nothing, when that is no longer what
        would be done, and never does what the plan does not list. Raises one error that names what failed; the same
        call again goes on from there.
        """
        self._recover()
        allowed = None if expected is None else self._check(expected).allowed()
        self._prepare(on_event)
        journal = Journal(on_progress=self._translated(on_event), allowed=allowed)
        with self._session(journal) as session:
            try:
                session.stack.up(continue_on_error=True)
            finally:
                self._note_unreached(session)
                self._keep_timings(journal)
        (self._layout.folder / "site.json").write_bytes(to_json(self.site))
        return self.outputs()

    def preview_removal(self) -> MachinesPlan:
        """Return what ``destroy`` would remove."""
        return removal_plan(self.site, self._state(), load_timings(self._timings))

    def destroy(self, on_event: Callable[[StackEvent], None] | None = None) -> None:
        """Remove all that was made, recorded or not, and forget it. Machines that already stood stay as they are."""
        if self._layout.state_file.exists():
            self._recover()
            journal = Journal(on_progress=self._translated(on_event))
            with self._session(journal) as session:
                try:
                    session.stack.destroy(continue_on_error=True)
                finally:
                    self._keep_timings(journal)
        if self.site.target == "lab":
            self._sweep()
        recovery.forget_stack(self._layout)

    def outputs(self) -> Outputs:
        """Return what stands now."""
        return fetch_outputs(self.site)

    # -- inside

    @property
    def _timings(self) -> Path:
        return self._layout.folder / "timings.json"

    def _state(self) -> State:
        return load_state(self._layout.state_file)

    def _session(self, journal: Journal | None = None) -> AbstractContextManager[Session]:
        return open_session(
            self.site, self._layout, lock=self.lock, labs=self._labs, accept=self._accept, journal=journal
        )

    def _recover(self) -> None:
        if (state := self._state()).pending:
            with self._session() as session:
                recovery.clear_pending(session.stack, state)

    def _preview(self, session: Session) -> MachinesPlan:
        steps: list[Step] = []

        def collect(event: EngineEvent) -> None:
            if event.resource_pre_event is not None:
                step = event.resource_pre_event.metadata
                if step.op in _KINDS:
                    steps.append(Step(_KINDS[step.op], step.urn))

        session.stack.preview(on_event=collect)
        self._note_unreached(session)
        return make_plan(self.site, self._state(), steps, session.journal, load_timings(self._timings), self.unreached)

    def _note_unreached(self, session: Session) -> None:
        errors = sorted(session.machines.not_reached.items())
        self.unreached = tuple(Unreached(name, error.message, error.todo) for name, error in errors)

    def _check(self, expected: str) -> MachinesPlan:
        plan = self.preview()
        if plan.digest != expected:
            raise PlanChangedError(self.site.profile)
        return plan

    def _prepare(self, on_event: Callable[[StackEvent], None] | None) -> None:
        """See to the lab's base image, which all machines are cloned from."""
        if self.site.target == "lab":
            tell = on_event or (lambda event: None)
            self._labs(self.site.profile).ensure_base(
                lambda step: tell(StackEvent(_BASE_IMAGE, "prepare", "running", step=step.step, fraction=step.fraction))
            )

    def _sweep(self) -> None:
        """Remove machines that bear this stack's mark and are not recorded: made, then cut before the record."""
        lab, mark = self._labs(self.site.profile), f"urn:pulumi:{self._layout.stack}::"
        for machine in lab.list():
            if machine.owner.startswith(mark):
                lab.destroy_machine(machine.name)
        lab.delete_network()

    def _translated(self, on_event: Callable[[StackEvent], None] | None) -> Callable[[Progress], None] | None:
        """Return a listener that puts the provider's progress into words and expectations."""
        if on_event is None:
            return None
        timings = load_timings(self._timings)

        def translate(progress: Progress) -> None:
            expected = timings.get(timing_key(progress.operation, progress.urn))
            subject = subject_of(progress.urn)
            on_event(StackEvent(subject, progress.operation, progress.state, progress.seconds, expected))

        return translate

    def _keep_timings(self, journal: Journal) -> None:
        measured = {timing_key(operation, urn): seconds for (operation, urn), seconds in journal.durations.items()}
        save_timings(self._timings, measured)
