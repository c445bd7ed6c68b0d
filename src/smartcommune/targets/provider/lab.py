"""Resources ``lab:Network`` and ``lab:Machine``: the embedded lab's zones and machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from smartcommune.errors import SmartCommuneError
from smartcommune.lab.models import MachineSpec, MachineState
from smartcommune.site.models import Zone
from smartcommune.targets.provider.resource import Created, Drift, InitFailedError, Input, Properties
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_STATUS = {
    "stopped": Text(vi="máy không chạy", en="the machine is not running"),
    "frozen": Text(vi="máy đang bị treo", en="the machine is frozen"),
}


class LabBackend(Protocol):
    """What these resources ask of the lab (``smartcommune.lab.lab.Lab``)."""

    def ensure_network(self, zones: Sequence[Zone]) -> Any:
        """Make namespace, bridges and package proxy, or bring them to ``zones``."""
        ...

    def network_exists(self) -> bool:
        """Return whether the network stands."""
        ...

    def delete_network(self) -> None:
        """Remove the network."""
        ...

    def ensure_machine(self, spec: MachineSpec, owner: str) -> MachineState:
        """Make, adopt or start a machine."""
        ...

    def wait_ready(self, name: str) -> None:
        """Return when the machine can be logged in to."""
        ...

    def read_machine(self, name: str) -> MachineState | None:
        """Return what is there of a machine."""
        ...

    def set_memory(self, name: str, memory: int) -> None:
        """Change the limit in place."""
        ...

    def destroy_machine(self, name: str) -> None:
        """Kill and remove."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """The network of one commune: a bridge a zone, in a namespace of its own. ``labs`` gives a commune's lab."""

    labs: Callable[[str], LabBackend]

    type: ClassVar[str] = "smartcommune:lab:Network"
    inputs: ClassVar[Mapping[str, Input]] = {"name": Input(str, "replace"), "zones": Input(list, "update")}
    outputs: ClassVar[frozenset[str]] = frozenset({"namespace", "present"})
    secrets: ClassVar[frozenset[str]] = frozenset()
    refreshed: ClassVar[bool] = True

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Make the network."""
        return Created(inputs["name"], self._ensure(inputs))

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return the network with whether it stands: it is mended in place, since machines hang on it."""
        return {**properties, "present": self.labs(id_).network_exists()}

    def update(self, id_: str, old: Properties, inputs: Properties) -> Properties:
        """Bring the network to the zones asked for."""
        return self._ensure(inputs)

    def delete(self, id_: str, properties: Properties) -> None:
        """Remove the network."""
        self.labs(id_).delete_network()

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when the network is gone."""
        if properties["present"]:
            return ()
        return (Drift("present", Text(vi="mạng phòng lab không còn", en="the lab's network is gone")),)

    def _ensure(self, inputs: Properties) -> Properties:
        self.labs(inputs["name"]).ensure_network(tuple(Zone(**zone) for zone in inputs["zones"]))
        return {**inputs, "namespace": f"sc-{inputs['name']}", "present": True}


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the lab: memory changes in place, anything else makes another machine."""

    labs: Callable[[str], LabBackend]

    type: ClassVar[str] = "smartcommune:lab:Machine"
    inputs: ClassVar[Mapping[str, Input]] = {
        "name": Input(str, "replace"),
        "commune": Input(str, "replace"),
        "namespace": Input(str, "replace"),
        "zone": Input(str, "replace"),
        "address": Input(str, "replace"),
        "prefixLength": Input(int, "replace"),
        "gateway": Input(str, "replace"),
        "memory": Input(int, "update"),
        "disk": Input(int, "replace"),
        "authorizedKey": Input(str, "replace"),
        "fqdn": Input(str, "replace"),
    }
    outputs: ClassVar[frozenset[str]] = frozenset({"hostKey", "status"})
    secrets: ClassVar[frozenset[str]] = frozenset()
    refreshed: ClassVar[bool] = True

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Make and boot the machine, or adopt the one that an interrupted run of ``urn`` left."""
        return Created(inputs["name"], self._boot(inputs, urn))

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return what is there of the machine."""
        state = self.labs(properties["commune"]).read_machine(id_)
        if state is None:
            return None
        memory = state.memory if state.memory_enforced else properties["memory"]
        return {**properties, "status": state.status, "memory": memory, "hostKey": state.host_key}

    def update(self, id_: str, old: Properties, inputs: Properties) -> Properties:
        """Change the memory; start what does not run."""
        lab = self.labs(inputs["commune"])
        state = lab.read_machine(id_)
        if state is not None and state.memory != inputs["memory"]:
            lab.set_memory(id_, inputs["memory"])
        return self._boot(inputs, state.owner if state else "")

    def delete(self, id_: str, properties: Properties) -> None:
        """Kill and remove the machine."""
        self.labs(properties["commune"]).destroy_machine(id_)

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when the machine does not run."""
        reason = _STATUS.get(properties["status"])
        return () if reason is None else (Drift("status", reason),)

    def _boot(self, inputs: Properties, owner: str) -> Properties:
        lab = self.labs(inputs["commune"])
        state = lab.ensure_machine(_spec(inputs), owner)
        properties = {**inputs, "hostKey": state.host_key, "status": "running"}
        try:
            lab.wait_ready(inputs["name"])
        except SmartCommuneError as error:
            raise InitFailedError(error, Created(inputs["name"], {**properties, "status": "stopped"})) from error
        return properties


def _spec(inputs: Properties) -> MachineSpec:
    return MachineSpec(
        name=inputs["name"],
        zone=inputs["zone"],
        address=inputs["address"],
        prefix_length=inputs["prefixLength"],
        gateway=inputs["gateway"],
        memory=inputs["memory"],
        disk=inputs["disk"],
        authorized_keys=(inputs["authorizedKey"],),
        fqdn=inputs["fqdn"],
    )
