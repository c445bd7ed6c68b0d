"""Resource ``lab:Simulator``: a network device of the lab, which is a simulator and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from smartcommune.devices.simulators.lab import SimulatorSpec, SimulatorState
from smartcommune.targets.passwords import generate
from smartcommune.targets.provider.resource import Created, Drift, Input, Properties
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FIRST_PASSWORD_LENGTH = 12


class SimulatorBackend(Protocol):
    """What this resource asks of the lab (``smartcommune.devices.simulators.lab.Simulators``)."""

    def ensure(self, spec: SimulatorSpec) -> None:
        """Have a device, running."""
        ...

    def read(self, name: str) -> SimulatorState | None:
        """Return what is there of a device."""
        ...

    def destroy(self, name: str) -> None:
        """Stop and forget."""
        ...


class Simulator:
    """A simulated device. ``firstPassword`` is the one that it comes with, as from a factory."""

    type: ClassVar[str] = "smartcommune:lab:Simulator"
    inputs: ClassVar[Mapping[str, Input]] = {
        "name": Input(str, "replace"),
        "commune": Input(str, "replace"),
        "namespace": Input(str, "replace"),
        "platform": Input(str, "replace"),
        "address": Input(str, "replace"),
        "prefixLength": Input(int, "replace"),
        "port": Input(int, "replace"),
        "vlan": Input(int, "replace"),
        "gateway": Input(str, "replace"),
        "user": Input(str, "replace"),
    }
    outputs: ClassVar[frozenset[str]] = frozenset({"firstPassword", "hostKey", "status"})
    secrets: ClassVar[frozenset[str]] = frozenset({"firstPassword"})
    refreshed: ClassVar[bool] = True

    def __init__(self, simulators: Callable[[str], SimulatorBackend]) -> None:
        self._simulators = simulators

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Start the device, or adopt the one that a cut run left."""
        known = self._simulators(inputs["commune"]).read(inputs["name"])
        password = known.spec.password if known else generate("password", _FIRST_PASSWORD_LENGTH)
        return Created(inputs["name"], self._start({**inputs, "firstPassword": password}))

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return the device as it is."""
        state = self._simulators(properties["commune"]).read(id_)
        return None if state is None else {**properties, "status": state.status, "hostKey": state.host_key}

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Start what does not run."""
        return self._start({**inputs, "firstPassword": old["firstPassword"]})

    def delete(self, id_: str, properties: Properties) -> None:
        """Stop and forget the device."""
        self._simulators(properties["commune"]).destroy(id_)

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when the device does not run."""
        if properties["status"] == "running":
            return ()
        return (Drift("status", Text(vi="trình giả lập không chạy", en="the simulator is not running")),)

    def _start(self, properties: Properties) -> Properties:
        simulators = self._simulators(properties["commune"])
        simulators.ensure(
            SimulatorSpec(
                name=properties["name"],
                platform=properties["platform"],
                address=properties["address"],
                prefix_length=properties["prefixLength"],
                port=properties["port"],
                vlan=properties["vlan"],
                gateway=properties["gateway"],
                user=properties["user"],
                password=properties["firstPassword"],
            )
        )
        state = simulators.read(properties["name"])
        return {**properties, "status": "running", "hostKey": state.host_key if state is not None else ""}
