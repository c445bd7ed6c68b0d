"""Mirrors: read from the computer's own apt sources, in both formats."""

from __future__ import annotations

import pytest

from smartcommune.lab.errors import LabError
from smartcommune.lab.mirrors import ARCHIVE_KEYRING, find_mirrors, parse_deb822, parse_one_line, render_deb822

_DEB822 = """\
# the archive
Types: deb deb-src
URIs: https://mirror.example.test/debian/
Suites: trixie trixie-updates
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/example.gpg

Types: deb
URIs: http://security.example.test/debian-security
Suites: trixie-security
Components: main
"""
_ONE_LINE = """\
# deb http://old.example.test/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/example.gpg] http://mirror.example.test/debian bookworm main # ours
deb-src http://mirror.example.test/debian bookworm main
deb http://security.example.test/debian-security bookworm-security main
"""


def _apt(folder, **files: str):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_deb822_sources_are_understood(tmp_path):
    """Archive and security come from the stanzas, and a trailing slash goes."""
    mirrors = find_mirrors(_apt(tmp_path, **{"sources.list.d__debian_sources": _DEB822}))
    assert mirrors.archive == "https://mirror.example.test/debian"
    assert mirrors.security == "http://security.example.test/debian-security"
    assert mirrors.keyring == "/usr/share/keyrings/example.gpg"
    assert mirrors.hosts == ("https://mirror.example.test", "http://security.example.test")


def test_one_line_sources_are_understood(tmp_path):
    """The old format gives the same, its comments and deb-src lines left out."""
    mirrors = find_mirrors(_apt(tmp_path, sources_list=_ONE_LINE))
    assert mirrors.archive == "http://mirror.example.test/debian"
    assert mirrors.security == "http://security.example.test/debian-security"


@pytest.mark.parametrize(
    "text",
    [
        _DEB822.replace("Types: deb deb-src", "Types: deb-src"),
        _DEB822.replace("Suites: trixie trixie-updates", "Enabled: no\nSuites: trixie"),
        _DEB822.replace("Suites: trixie trixie-updates", "Suites: noble"),
        _DEB822.replace("https://mirror.example.test/debian/", "cdrom:[Debian]"),
        _DEB822.replace("Components: main non-free-firmware", "Components: contrib"),
        "",
    ],
    ids=["sources-only", "disabled", "other-distribution", "cdrom", "no-main", "empty"],
)
def test_without_a_debian_archive_it_says_so(tmp_path, text):
    """What is no Debian archive over http is no mirror, and the message names the folder looked in."""
    with pytest.raises(LabError, match=str(tmp_path)) as caught:
        find_mirrors(_apt(tmp_path, **{"sources.list.d__debian_sources": text}))
    assert caught.value.todo is not None


def test_several_uris_and_folded_fields():
    """A stanza may name several places, and fold its lines."""
    text = "Types: deb\nURIs: http://a.test/debian\n http://b.test/debian\nSuites: trixie\nComponents: main\n"
    assert [source.uri for source in parse_deb822(text)] == ["http://a.test/debian", "http://b.test/debian"]


def test_an_embedded_key_is_not_taken_for_a_path():
    """A key written into the stanza leaves the archive's own keyring."""
    text = _DEB822.replace("/usr/share/keyrings/example.gpg", "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc")
    assert parse_deb822(text)[0].signed_by is None


def test_options_of_a_line_are_read():
    """The keyring stands in a line's options."""
    assert parse_one_line(_ONE_LINE)[0].signed_by == "/usr/share/keyrings/example.gpg"


def test_machines_speak_plain_http_to_the_proxy(tmp_path):
    """A machine's sources name the mirror without TLS (the proxy adds it) and the archive's own keyring."""
    mirrors = find_mirrors(_apt(tmp_path, **{"sources.list.d__debian_sources": _DEB822}))
    rendered = render_deb822(mirrors.sources("trixie"))
    assert "URIs: http://mirror.example.test/debian\nSuites: trixie trixie-updates\n" in rendered
    assert "Suites: trixie-security" in rendered
    assert rendered.count(f"Signed-By: {ARCHIVE_KEYRING}") == 2
    assert parse_deb822(rendered)[0].components == ("main",)
