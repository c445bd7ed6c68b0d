"""Resources ``lab:Network`` and ``lab:Machine``: the embedded lab's zones and machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from smartcommune.errors import SmartCommuneError
from smartcommune.lab.models import MachineSpec, MachineState, ProgressCallback, ProxyStatus
from smartcommune.site.models import Interface, Zone
from smartcommune.targets.provider.resource import Created, Drift, InitFailedError, Input, Properties
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_STATUS = {
    "stopped": Text(vi="máy không chạy", en="the machine is not running"),
    "frozen": Text(vi="máy đang bị treo", en="the machine is frozen"),
    "detached": Text(vi="máy không nối vào mạng của lab", en="the machine is not connected to the lab's network"),
}


class LabBackend(Protocol):
    """What these resources ask of the lab (``smartcommune.lab.lab.Lab``)."""

    def ensure_base(self, progress: ProgressCallback = ...) -> Any:
        """Make the image that machines are cloned from, unless it is cached."""
        ...

    def list(self) -> tuple[MachineState, ...]:
        """Return what there is of machines."""
        ...

    def ensure_network(self, zones: Sequence[Zone]) -> Any:
        """Make namespace, bridges and package proxy, or bring them to ``zones``."""
        ...

    def read_network(self) -> tuple[Zone, ...] | None:
        """Return the zones that are really there, None without the network."""
        ...

    def proxy_status(self) -> ProxyStatus:
        """Return whether the package proxy runs."""
        ...

    def delete_network(self) -> None:
        """Remove the network."""
        ...

    def ensure_machine(self, spec: MachineSpec, owner: str) -> MachineState | None:
        """Make, adopt or start a machine."""
        ...

    def wait_ready(self, name: str) -> None:
        """Return when the machine can be logged in to."""
        ...

    def read_machine(self, name: str) -> MachineState | None:
        """Return what is there of a machine."""
        ...

    def set_memory(self, name: str, limit: int) -> Any:
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
    outputs: ClassVar[frozenset[str]] = frozenset({"namespace", "present", "missing", "proxy"})
    secrets: ClassVar[frozenset[str]] = frozenset()
    refreshed: ClassVar[bool] = True

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Make the network."""
        return Created(inputs["name"], self._ensure(inputs))

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return the network as it is. One that is gone is mended in place, since machines hang on it."""
        network = self.labs(id_)
        zones = network.read_network()
        if zones is None:
            return {**properties, "present": False}
        missing = [zone["name"] for zone in properties["zones"] if Zone(**zone) not in zones]
        return {**properties, "present": True, "missing": missing, "proxy": network.proxy_status().running}

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Bring the network to the zones asked for."""
        return self._ensure(inputs)

    def delete(self, id_: str, properties: Properties) -> None:
        """Remove the network."""
        self.labs(id_).delete_network()

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when the network, a zone of it or its package proxy is gone."""
        if not properties["present"]:
            return (Drift("present", Text(vi="mạng của lab không còn", en="the lab's network is gone")),)
        found = []
        if properties["missing"]:
            names = ", ".join(properties["missing"])
            found.append(Drift("missing", Text(vi=f"thiếu vùng mạng {names}", en=f"zones are missing: {names}")))
        if not properties["proxy"]:
            reason = Text(vi="máy chủ gói phần mềm của lab không chạy", en="the lab's package proxy is not running")
            found.append(Drift("proxy", reason))
        return tuple(found)

    def _ensure(self, inputs: Properties) -> Properties:
        self.labs(inputs["name"]).ensure_network(tuple(Zone(**zone) for zone in inputs["zones"]))
        return {**inputs, "namespace": f"sc-{inputs['name']}", "present": True, "missing": [], "proxy": True}


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
        "memory": Input(int, "update", unit="bytes"),
        "disk": Input(int, "replace", unit="bytes"),
        "authorizedKey": Input(str, "replace"),
        "fqdn": Input(str, "replace"),
        "interfaces": Input(list, "replace"),
    }
    outputs: ClassVar[frozenset[str]] = frozenset({"hostKey", "status", "lostLinks"})
    secrets: ClassVar[frozenset[str]] = frozenset()
    refreshed: ClassVar[bool] = True

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Make and boot the machine, or adopt the one that an interrupted run of ``urn`` left."""
        state, spec = self.labs(inputs["commune"]).read_machine(inputs["name"]), _spec(inputs)
        if state is not None and state.owner == urn and replace(state.spec, memory=spec.memory) != spec:
            raise _unlike(inputs["name"])
        return Created(inputs["name"], self._boot(inputs, urn))

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Return what is there of the machine."""
        state = self.labs(properties["commune"]).read_machine(id_)
        if state is None:
            return None
        memory = state.memory if state.memory_enforced else properties["memory"]
        return {
            **properties,
            "status": _status(state),
            "memory": memory,
            "hostKey": state.host_key,
            "interfaces": _interfaces(state.spec),
            "lostLinks": list(state.lost_links),
        }

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Change the memory; start what does not run, anew what lost a link or hangs on a network that is gone."""
        return self._boot(inputs, urn)

    def delete(self, id_: str, properties: Properties) -> None:
        """Kill and remove the machine."""
        self.labs(properties["commune"]).destroy_machine(id_)

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when the machine does not run, is on no network, or lost a link."""
        found = []
        if reason := _STATUS.get(properties["status"]):
            found.append(Drift("status", reason))
        elif lost := ", ".join(properties.get("lostLinks", ())):
            found.append(Drift("lostLinks", Text(vi=f"đứt mạng {lost}", en=f"links are lost: {lost}")))
        return tuple(found)

    def _boot(self, inputs: Properties, urn: str) -> Properties:
        lab = self.labs(inputs["commune"])
        state = lab.ensure_machine(_spec(inputs), urn)
        host_key = state.host_key if state is not None else ""
        properties = {**inputs, "hostKey": host_key, "status": "running", "lostLinks": []}
        try:
            lab.wait_ready(inputs["name"])
            running = lab.read_machine(inputs["name"])
            if running is not None and running.memory_enforced and running.memory != inputs["memory"]:
                lab.set_memory(inputs["name"], inputs["memory"])
        except SmartCommuneError as error:
            raise InitFailedError(error, Created(inputs["name"], {**properties, "status": "stopped"})) from error
        return properties


def _status(state: MachineState) -> str:
    return "detached" if state.status == "running" and not state.attached else state.status


def _interfaces(spec: MachineSpec) -> list[Properties]:
    return [
        {"zone": link.zone, "address": link.address, "prefixLength": link.prefix_length, "name": link.name}
        for link in spec.links
    ]


def _unlike(name: str) -> SmartCommuneError:
    """Return the error for a machine of ours that is unrecorded and unlike what is wanted: it may hold data."""
    return SmartCommuneError(
        Text(
            vi=f"{name} đã có nhưng chưa được ghi lại, và khác với hồ sơ hiện nay",
            en=f"{name} is there but not recorded, and is not as the profile wants it now",
        ),
        todo=Text(
            vi="áp dụng hồ sơ trước đây để ghi nhận máy, rồi mới sửa; hoặc gỡ tất cả: smartcommune destroy",
            en="apply the former profile to record the machine, then change it; or remove all: smartcommune destroy",
        ),
    )


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
        interfaces=tuple(
            Interface(link["zone"], link["address"], link["prefixLength"], link["name"])
            for link in inputs["interfaces"]
        ),
    )
