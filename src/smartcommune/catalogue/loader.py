"""Loading the catalogue: every role that has an entry, with the place of each key, and what entries must agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.catalogue.models import Catalogue, Service
from smartcommune.document.nearest import nearest
from smartcommune.document.reader import read_document
from smartcommune.document.traps import Trap
from smartcommune.document.validation import validate
from smartcommune.errors import CatalogueErrors
from smartcommune.faults import Fault, Related
from smartcommune.profile.loader import positions_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from smartcommune.document.model import Document, KeyPath


def load_catalogue(roles: Path | None = None) -> Catalogue:
    """Return all entries ``<roles>/*/meta/service.yml`` in the order of their names.

    Raises CatalogueErrors with every fault of every entry.
    """
    folder = roles if roles is not None else paths.checkout() / "roles"
    catalogue, documents = Catalogue(), {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*/meta/service.yml")):
        document = read_document(path, paths.display(path))
        service = None if document.faults else validate(document, Service)
        if service is not None:
            _check_name(document, service, path.parents[1].name)
            _check_needs(document, service)
        if service is None or document.faults:
            faults += document.faults
            continue
        documents[service.name] = document
        catalogue[service.name] = service
        catalogue.positions[service.name] = positions_of(document)
    if not faults:
        for name, document in documents.items():
            _check_agreement(document, catalogue[name], catalogue)
            faults += document.faults
    if faults:
        raise CatalogueErrors(faults)
    return catalogue


def _check_name(document: Document, service: Service, role: str) -> None:
    if service.name != role:
        trap = Trap(
            "role-name",
            Text(vi="tên dịch vụ khác tên vai trò", en="the service's name differs from its role's"),
            Text(vi=role, en=role),
            Text(vi=f"viết name: {role}", en=f"write name: {role}"),
        )
        document.add(("name",), trap, suggestion=role)


def _check_needs(document: Document, service: Service) -> None:
    """An option is set together with options that there are."""
    known = ", ".join(service.options)
    for name, option in service.options.items():
        for index, needed in enumerate(option.needs):
            if needed not in service.options:
                trap = Trap(
                    "no-option",
                    Text(vi="không có tùy chọn này", en="there is no such option"),
                    Text(vi=f"một trong: {known}", en=f"one of: {known}"),
                    Text(vi="sửa tên tùy chọn", en="correct the option's name"),
                )
                document.add(("options", name, "needs", index), trap, suggestion=nearest(needed, service.options))


def _check_agreement(document: Document, service: Service, catalogue: Catalogue) -> None:
    """Each capability has one provider; endpoints differ; each requirement has a provider."""
    for index, capability in enumerate(service.provides):
        path: KeyPath = ("provides", index)
        owners = [other for other in catalogue.values() if capability in other.provides]
        _only_one(document, path, capability, owners, catalogue)
    for index, endpoint in enumerate(service.endpoints):
        owners = [other for other in catalogue.values() if endpoint.name in {item.name for item in other.endpoints}]
        _only_one(document, ("endpoints", index, "name"), endpoint.name, owners, catalogue)
    offered = sorted({capability for other in catalogue.values() for capability in other.provides})
    for index, requirement in enumerate(service.requires):
        if requirement.capability not in offered:
            trap = Trap(
                "no-provider",
                Text(vi="không có dịch vụ nào cung cấp điều này", en="no service provides this"),
                Text(vi=f"một trong: {', '.join(offered)}", en=f"one of: {', '.join(offered)}"),
                Text(
                    vi="sửa tên, hoặc thêm dịch vụ cung cấp", en="correct the name, or add a service that provides it"
                ),
            )
            document.add(("requires", index, "capability"), trap)


def _only_one(document: Document, path: KeyPath, name: str, owners: list[Service], catalogue: Catalogue) -> None:
    if len(owners) < 2 or document.mapping().get("name") == owners[0].name:
        return
    first = catalogue.positions[owners[0].name][()]
    trap = Trap(
        "two-owners",
        Text(vi=f"«{name}» đã thuộc dịch vụ khác", en=f"«{name}» belongs to another service already"),
        Text(vi="mỗi tên một dịch vụ", en="one service for each name"),
        Text(vi="đổi tên ở một trong hai", en="rename one of the two"),
    )
    other = Related(first.file, first.line, Text(vi=owners[0].name, en=owners[0].name))
    document.add(path, trap, related=(other,))
