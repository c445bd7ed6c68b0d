"""Loading the catalogue: every role that has an entry, with the place of each key, and what entries must agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.catalogue.checks import check_agreement, check_entry
from smartcommune.catalogue.models import Catalogue, Service
from smartcommune.catalogue.rules import RulesFile
from smartcommune.document.reader import read_document
from smartcommune.document.validation import validate
from smartcommune.errors import CatalogueErrors
from smartcommune.faults import Fault
from smartcommune.profile.loader import positions_of

if TYPE_CHECKING:
    from pathlib import Path


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
            check_entry(document, service, path.parents[1].name)
        if service is None or document.faults:
            faults += document.faults
            continue
        documents[service.name] = document
        catalogue[service.name] = service
        catalogue.positions[service.name] = positions_of(document)
        if rules := RulesFile.of(path.parents[1]):
            catalogue.rules[service.name] = rules
    if not faults:
        for name, document in documents.items():
            check_agreement(document, catalogue[name], catalogue)
            faults += document.faults
    if faults:
        raise CatalogueErrors(faults)
    return catalogue
