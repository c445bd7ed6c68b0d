"""``smartcommune lab list``: what there is of machines, stations and simulated devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from smartcommune.cli import options
from smartcommune.cli.session import Session, of
from smartcommune.sizes import format_bytes
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.devices.simulators.lab import SimulatorState
    from smartcommune.lab.models import MachineState
    from smartcommune.lab.station import StationState

_STATES = {
    "running": Text(vi="đang chạy", en="running"),
    "frozen": Text(vi="tạm ngưng", en="frozen"),
    "stopped": Text(vi="đã tắt", en="stopped"),
}
_WIDTHS = (14, 20, 10, 16, 10, 10, 0)


def list_all(context: typer.Context, profile: options.AnyProfile = None) -> None:
    """List the lab's machines, simulated devices and stations: state, address, memory and disk in use."""
    from smartcommune.cli.loading import name_of
    from smartcommune.cli.privilege import become_root

    session = of(context)
    become_root(session)
    from smartcommune.devices.simulators.lab import Simulators
    from smartcommune.lab.cleanup import find_labs
    from smartcommune.lab.lab import Lab

    documents: list[dict[str, Any]] = []
    rows = []
    for name in (name_of(profile),) if profile else find_labs():
        lab = Lab(name)
        for machine in lab.list():
            documents.append({"profile": name, **_document(machine)})
            rows.append((name, *_row(machine, session)))
        for device in Simulators(name).list():
            documents.append({"profile": name, **_device_document(device)})
            kind = session.text(f"{device.spec.platform}: simulator (giả lập)", f"{device.spec.platform}: simulator")
            rows.append(
                (name, device.spec.name, session.say(_STATES[device.status]), device.spec.address, "–", "–", kind)
            )
        for station in lab.stations():
            documents.append({"profile": name, **_station_document(station)})
            rows.append((name, station.name, session.text("trạm", "station"), station.address, "–", "–", station.zone))
    session.document(documents)
    if not rows:
        session.result(session.text("Không có máy nào.", "There are no machines."))
        return
    heads = session.text("xã,máy,trạng thái,địa chỉ,bộ nhớ,đĩa,", "commune,machine,state,address,memory,disk,")
    for row in [tuple(heads.split(",")), *rows]:
        session.result("".join(f"{cell:<{width}}" for cell, width in zip(row, _WIDTHS, strict=True)).rstrip())


def _row(machine: MachineState, session: Session) -> tuple[str, ...]:
    memory = format_bytes(machine.memory_used) if machine.memory_used is not None else "–"
    disk = format_bytes(machine.disk_used)
    down = [link.zone for link in machine.links if not link.up]
    link = session.text("đứt mạng", "link cut") if down else ""
    if down and len(down) < len(machine.links):
        link = f"{link}: {', '.join(down)}"
    return machine.name, session.say(_STATES[machine.status]), machine.spec.address, memory, disk, link


def _document(machine: MachineState) -> dict[str, Any]:
    return {
        "machine": machine.name,
        "status": machine.status,
        "address": machine.spec.address,
        "memory_used": machine.memory_used,
        "disk_used": machine.disk_used,
        "link_up": machine.link_up,
        "links": machine.links,
    }


def _device_document(device: SimulatorState) -> dict[str, Any]:
    return {
        "device": device.spec.name,
        "simulator": device.spec.platform,
        "status": device.status,
        "address": device.spec.address,
    }


def _station_document(station: StationState) -> dict[str, Any]:
    return {
        "station": station.name,
        "status": "station",
        "site": station.site,
        "zone": station.zone,
        "address": station.address,
        "hardware_address": station.hardware_address,
    }
