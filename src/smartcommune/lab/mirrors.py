"""The Debian mirrors this computer itself uses, from its apt sources: the lab's packages come from there only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from smartcommune.lab.errors import LabError
from smartcommune.text import Text

APT = Path("/etc/apt")
ARCHIVE_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_DEBIAN_SUITES = re.compile(r"(bookworm|trixie|forky|sid|stable|oldstable|testing)(-updates|-security|-backports)?/?")
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


@dataclass(frozen=True, slots=True)
class Source:
    """One apt source: where, which suites and components, and the keyring that signs it (None for apt's own)."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The archive, and the archive of security updates where this computer has one. Keyrings as in its sources."""

    archive: str
    security: str | None
    keyring: str

    @property
    def hosts(self) -> tuple[str, ...]:
        """The mirrors' hosts as ``scheme://host[:port]``, each once."""
        parts = [urlsplit(uri) for uri in (self.archive, self.security) if uri]
        return tuple(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))

    def sources(self, suite: str) -> tuple[Source, ...]:
        """Return the apt sources of a machine that runs ``suite``, as plain http through the lab's proxy.

        The proxy speaks https to a mirror where this computer does; packages are signed either way.
        """
        archive = Source(_plain(self.archive), (suite, f"{suite}-updates"), ("main",), ARCHIVE_KEYRING)
        if self.security is None:
            return (archive,)
        return (archive, Source(_plain(self.security), (f"{suite}-security",), ("main",), ARCHIVE_KEYRING))


def _plain(uri: str) -> str:
    return "http://" + uri.partition("://")[2]


def parse_one_line(text: str) -> list[Source]:
    """Return the sources of a ``.list`` file."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match:
            options = dict(item.partition("=")[::2] for item in (match["options"] or "").split())
            components = tuple(match["components"].split())
            found.append(Source(match["uri"], (match["suite"],), components, options.get("signed-by")))
    return found


def parse_deb822(text: str) -> list[Source]:
    """Return the sources of a ``.sources`` file, disabled stanzas left out."""
    found = []
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", plain):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        suites, components = tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split())
        keyring = fields.get("signed-by", "").strip()
        signed_by = keyring if keyring.startswith("/") else None
        found += [Source(uri, suites, components, signed_by) for uri in fields.get("uris", "").split()]
    return found


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in stanza.splitlines():
        if line[:1] in " \t" and key:
            fields[key] += " " + line.strip()
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
    return fields


def load_sources(apt: Path = APT) -> list[Source]:
    """Return all apt sources of this computer, in apt's order."""
    found: list[Source] = []
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix == ".list" and file.is_file():
            found += parse_one_line(file.read_text())
        elif file.suffix == ".sources" and file.is_file():
            found += parse_deb822(file.read_text())
    return found


def find_mirrors(apt: Path = APT) -> Mirrors:
    """Return the Debian mirrors that this computer's apt uses.

    Raises LabError when there is none over http or https: a lab machine is a Debian and comes from a Debian mirror.
    """
    archive: Source | None = None
    security: Source | None = None
    for source in load_sources(apt):
        usable = source.uri.startswith(("http://", "https://")) and "main" in source.components
        if not usable or not all(_DEBIAN_SUITES.fullmatch(suite) for suite in source.suites):
            continue
        if any("-security" in suite for suite in source.suites):
            security = security or source
        else:
            archive = archive or source
    if archive is None:
        raise LabError(
            Text(
                vi=f"không thấy nguồn gói Debian (http hoặc https) nào trong {apt}",
                en=f"no Debian package source over http or https in {apt}",
            ),
            todo=Text(
                vi="thêm một nguồn như trong sources.list(5), ví dụ qua /etc/apt/sources.list.d/debian.sources",
                en="add one as sources.list(5) describes, in /etc/apt/sources.list.d/debian.sources for example",
            ),
        )
    return Mirrors(
        archive.uri.rstrip("/"), security.uri.rstrip("/") if security else None, archive.signed_by or ARCHIVE_KEYRING
    )


def render_deb822(sources: tuple[Source, ...]) -> str:
    """Return a ``.sources`` file."""
    stanzas = []
    for source in sources:
        lines = ["Types: deb", f"URIs: {source.uri}", f"Suites: {' '.join(source.suites)}"]
        lines += [f"Components: {' '.join(source.components)}", f"Signed-By: {source.signed_by or ARCHIVE_KEYRING}"]
        stanzas.append("\n".join(lines) + "\n")
    return "\n".join(stanzas)
