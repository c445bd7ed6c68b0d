"""What is written down of a machine when it is made: what it shall be, whose it is, and by which key it is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from smartcommune.document.nearest import one_of
from smartcommune.lab.errors import LabUsageError, MustReplaceError, OwnedByOtherError
from smartcommune.lab.layout import load_json, write_json
from smartcommune.lab.models import MachineSpec
from smartcommune.site.models import Interface
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.lab.layout import Layout


@dataclass(frozen=True, slots=True)
class Record:
    """What was written down when a machine was made."""

    spec: MachineSpec
    owner: str
    host_key: str
    base: str


def load_record(layout: Layout, name: str) -> Record | None:
    """Return the record of a machine, or None when it was never made whole."""
    values: dict[str, Any] | None = load_json(layout.machine(name) / "machine.json")
    if values is None or not (layout.machine(name) / "disk.img").exists():
        return None
    spec = values["spec"]
    spec["authorized_keys"] = tuple(spec["authorized_keys"])
    spec["hosts"] = tuple((address, tuple(names)) for address, names in spec["hosts"])
    spec["interfaces"] = tuple(Interface(**link) for link in spec.get("interfaces", ()))
    return Record(MachineSpec(**spec), values["owner"], values["host_key"], values["base"])


def save_record(layout: Layout, record: Record) -> None:
    """Write a machine's record."""
    write_json(layout.machine(record.spec.name) / "machine.json", asdict(record))


def names(layout: Layout) -> list[str]:
    """Return the machines that have a record."""
    if not layout.machines.is_dir():
        return []
    return sorted(folder.name for folder in layout.machines.iterdir() if (folder / "machine.json").exists())


def require(layout: Layout, name: str) -> Record:
    """Return the record of a machine that the user named; raises LabUsageError with the names there are."""
    record = load_record(layout, name)
    if record is None:
        raise LabUsageError(
            Text(vi=f"phòng thử không có máy {name}", en=f"the lab has no machine {name}"),
            todo=one_of(name, names(layout)),
        )
    return record


def check_adoptable(record: Record, spec: MachineSpec, owner: str) -> None:
    """Raise OwnedByOtherError, or MustReplaceError when only a new machine could be as ``spec`` says."""
    if record.owner != owner:
        raise OwnedByOtherError(
            Text(
                vi=f"máy {spec.name} thuộc về {record.owner}",
                en=f"the machine {spec.name} belongs to {record.owner}",
            )
        )
    # One link is written down as such or not at all; either way it is compared.
    keys = [field.name for field in fields(spec) if field.name not in ("memory", "interfaces")] + ["links"]
    different = [key for key in keys if getattr(spec, key) != getattr(record.spec, key)]
    if different:
        listed = ", ".join(different)
        raise MustReplaceError(
            Text(
                vi=f"máy {spec.name} phải được thay mới, vì khác ở: {listed}",
                en=f"the machine {spec.name} must be replaced, since these differ: {listed}",
            )
        )
