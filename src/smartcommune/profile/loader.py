"""Loading a profile: all its faults at once, or typed data with the place of every key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.document.nearest import one_of
from smartcommune.document.reader import read_document
from smartcommune.document.validation import validate
from smartcommune.errors import ProfileErrors, UsageError
from smartcommune.profile import checks
from smartcommune.profile.defaults import load_default_positions
from smartcommune.profile.device_checks import check_devices
from smartcommune.profile.loaded import LoadedProfile, Position
from smartcommune.profile.models import Profile
from smartcommune.profile.network_checks import check_network
from smartcommune.profile.services import check_services
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.catalogue.models import Catalogue
    from smartcommune.document.model import Document


def load_profile(path: Path, catalogue: Catalogue) -> LoadedProfile:
    """Return the profile in ``path``; raises ProfileErrors with every fault, whatever the file is."""
    document = read_document(path, paths.display(path))
    if document.is_spoilt(()):
        raise ProfileErrors(document.faults)
    profile = validate(document, Profile)
    checks.check_commune(document)
    check_network(document)
    checks.check_hosts(document, catalogue)
    checks.check_targets(document)
    check_devices(document)
    files = check_services(document, catalogue, path.parent)
    checks.check_file_name(document, path.stem)
    if document.faults or profile is None:
        raise ProfileErrors(document.faults)
    return LoadedProfile(path.stem, profile, positions_of(document), files, load_default_positions())


def positions_of(document: Document) -> dict[tuple[str | int, ...], Position]:
    """Return the place of each key of the document."""
    file = document.file
    return {path: Position(file, place[0], place[1]) for path, place in document.places.items()}


def find_profile(name_or_path: str) -> Path:
    """Return the file of a profile given by its name in ``commune_profiles/`` or by its path.

    Raises UsageError with a near miss when a name has no file; a path is returned as it is, and told when it is loaded.
    """
    if "/" in name_or_path or name_or_path.endswith((".yml", ".yaml")):
        path = Path(name_or_path)
        if not path.exists() and (meant := path.with_name(f"{path.name}.yml")).is_file():
            raise UsageError(
                Text(vi=f"không có tệp {path}", en=f"there is no file {path}"),
                todo=Text(vi=f"có phải {meant}?", en=f"did you mean {meant}?"),
            )
        return path
    folder = paths.checkout() / "commune_profiles"
    known = sorted(item.stem for item in folder.glob("*.yml"))
    if name_or_path in known:
        return folder / f"{name_or_path}.yml"
    names = one_of(name_or_path, known)
    raise UsageError(
        Text(vi=f"không có hồ sơ xã «{name_or_path}»", en=f"there is no profile «{name_or_path}»"),
        todo=Text(vi=f"{names.vi}; hoặc ghi đường dẫn", en=f"{names.en}; or give a file's path"),
    )
