"""Loading a profile from whatever a path leads to: encodings, odd files, links, hostile YAML, random damage."""

from __future__ import annotations

import os
import pickle
import random
import shutil
from pathlib import Path

import pytest

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.document import composer
from smartcommune.errors import ProfileErrors, UsageError
from smartcommune.profile.loader import find_profile, load_profile

PRODUCTS = (Path(__file__).parent / "profiles" / "data" / "products.csv").read_text(encoding="utf-8")
VALID = (Path(__file__).parent / "profiles" / "valid.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def catalogue():
    """The roles' own catalogue."""
    return load_catalogue()


@pytest.fixture
def folder(tmp_path):
    """A profile's folder with the data file that the valid profile names."""
    shutil.copytree(Path(__file__).parent / "profiles" / "data", tmp_path / "data")
    return tmp_path


def faults_in(content, folder, catalogue):
    """Return (line, code) of each fault of a profile with this content."""
    path = folder / "commune.yml"
    path.write_bytes(content)
    try:
        load_profile(path, catalogue)
    except ProfileErrors as error:
        error.render("vi")
        return [(fault.line, fault.code) for fault in error.errors]
    return []


def line_of(text):
    """Return the line of the valid profile that has ``text``."""
    return next(number for number, line in enumerate(VALID.splitlines(), 1) if text in line)


def test_a_valid_profile_has_the_place_of_each_key(folder, catalogue):
    """Keys keep their lines, values left to defaults answer with their group's line."""
    (folder / "commune.yml").write_text(VALID, encoding="utf-8")
    loaded = load_profile(folder / "commune.yml", catalogue)

    assert loaded.name == "commune"
    assert loaded.profile.commune.code == "01969"
    assert loaded.position(("commune", "name")).line == line_of("name:")
    assert loaded.position(("hosts", "gateway-1", "memory")).line == line_of("gateway-1:")
    assert loaded.profile.hosts["server-1"].memory == 8 * 1024**3


def test_the_content_of_named_files_is_known(folder, catalogue):
    """A file that an option names comes with the digest of its content."""
    (folder / "commune.yml").write_text(VALID, encoding="utf-8")
    path = ("components", "production", "cooperative_shop", "products")
    before = load_profile(folder / "commune.yml", catalogue).files[path]
    (folder / "data" / "products.csv").write_text(f"{PRODUCTS}A\n", encoding="utf-8")
    after = load_profile(folder / "commune.yml", catalogue).files[path]

    assert before.path == after.path
    assert before.sha256 != after.sha256


def test_windows_files_are_read(folder, catalogue):
    """A byte order mark and Windows line ends are accepted, and lines count as in the editor."""
    text = VALID.replace("level: 2", "levle: 2").replace("\n", "\r\n")

    assert faults_in(b"\xef\xbb\xbf" + VALID.encode(), folder, catalogue) == []
    assert faults_in(b"\xef\xbb\xbf" + text.encode(), folder, catalogue) == [(line_of("level"), "unknown-key")]


def test_decomposed_vietnamese_equals_composed(folder, catalogue):
    """Names typed on a computer that decomposes letters are the same names."""
    import unicodedata

    assert faults_in(unicodedata.normalize("NFD", VALID).encode(), folder, catalogue) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_told(encoding, folder, catalogue):
    """UTF-16, with or without its mark, is named instead of read as noise."""
    assert faults_in(VALID.encode(encoding), folder, catalogue) == [(1, "encoding")]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1258"])
def test_other_encodings_are_told_at_their_line(encoding, folder, catalogue):
    """The first byte that is not UTF-8 is told with its line."""
    content = VALID.replace("Phủ Thông", "Phú Thông").encode(encoding, "replace").replace(b"?", b"\xf9")

    assert faults_in(content, folder, catalogue) == [(line_of("name:"), "encoding")]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x7f", "\x85", "\u2028"])
def test_control_characters_are_told_at_their_line(sign, folder, catalogue):
    """Characters that YAML forbids, or that would shift the lines, are told one by one."""
    content = VALID.replace("Phủ Thông", f"Phủ{sign} Thông")

    assert faults_in(content.encode(), folder, catalogue) == [(line_of("name:"), "control-sign")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"# only a comment\n", "empty-file"),
        (b"- a\n- b\n", "not-a-mapping"),
        (b"just text\n", "not-a-mapping"),
        (b"42", "not-a-mapping"),
    ],
)
def test_files_that_are_no_mapping_are_told(content, code, folder, catalogue):
    """An empty file, a list or a text is one fault at its first line."""
    assert faults_in(content, folder, catalogue) == [(1, code)]


def test_a_big_file_is_refused_quickly(folder, catalogue):
    """Ten megabytes are refused after reading one."""
    assert faults_in(b"a: b\n" * 2_000_000, folder, catalogue) == [(1, "too-big")]


def test_deep_nesting_is_refused(folder, catalogue):
    """Nesting that would exhaust a recursive reader is one fault at its line."""
    assert faults_in(b"schema: 1\nx: " + b"[" * 100_000, folder, catalogue) == [(2, "too-deep")]
    assert faults_in(b"schema: 1\nx: " + b"{a: " * 5_000, folder, catalogue) == [(2, "too-deep")]


def test_an_alias_bomb_is_refused(folder, catalogue):
    """Nodes are counted after aliases are expanded, and the bomb's line is told."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for index in range(1, 10):
        bomb += f"a{index}: &a{index} [{', '.join([f'*a{index - 1}'] * 10)}]\n"

    assert faults_in(bomb.encode(), folder, catalogue) == [(4, "too-many-nodes")]


def test_harmless_aliases_are_expanded(folder, catalogue):
    """An alias of a finished value is that value."""
    text = VALID.replace("site: ubnd, memory", "site: &place ubnd, memory").replace(
        "gateway, site: ubnd", "gateway, site: *place"
    )

    assert faults_in(text.encode(), folder, catalogue) == []


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to(path), lambda path: None]
)
def test_paths_that_are_no_file_are_told(make, folder, catalogue):
    """A folder, a pipe, a link to itself, and nothing at all are faults, not exceptions."""
    path = folder / "odd.yml"
    make(path)
    with pytest.raises(ProfileErrors) as caught:
        load_profile(path, catalogue)

    assert [fault.code for fault in caught.value.errors] == ["unreadable"]


@pytest.mark.parametrize("path", ["/dev/zero", "x" * 300 + ".yml", "a\x00b.yml", "/dev/null/x.yml"])
def test_impossible_paths_are_told(path, catalogue):
    """Devices, names that are too long, and NUL in a name are faults."""
    with pytest.raises(ProfileErrors) as caught:
        load_profile(Path(path), catalogue)

    assert caught.value.errors[0].code == "unreadable"


@pytest.mark.parametrize("target", ["/etc/hostname", "missing.csv", "products.csv"])
def test_links_must_end_in_the_profiles_folder(target, folder, catalogue):
    """A data file behind a link that leaves the folder, dangles, or runs in a circle is a fault."""
    product = folder / "data" / "products.csv"
    product.unlink()
    product.symlink_to(target)

    assert faults_in(VALID.encode(), folder, catalogue) == [(line_of("products:"), "file")]


def test_a_link_inside_the_folder_is_followed(folder, catalogue):
    """A data file may be a link to another file of the folder."""
    (folder / "data" / "products.csv").rename(folder / "data" / "all.csv")
    (folder / "data" / "products.csv").symlink_to("all.csv")

    assert faults_in(VALID.encode(), folder, catalogue) == []


def test_both_parsers_tell_the_same_lines(folder, catalogue, monkeypatch):
    """Without libyaml, PyYAML's own parser gives the same faults at the same lines."""
    cases = sorted((Path(__file__).parent / "profiles").glob("*.yml"))
    with_libyaml = [faults_in(case.read_bytes(), folder, catalogue) for case in cases]
    monkeypatch.setattr(composer, "EventParser", composer.PureParser)
    without = [faults_in(case.read_bytes(), folder, catalogue) for case in cases]
    lines = [[line for line, _ in faults] for faults in with_libyaml]

    assert [[line for line, _ in faults] for faults in without] == lines


def test_random_damage_never_raises_anything_else(folder, catalogue):
    """Hundreds of damaged profiles are valid or refused; nothing but ProfileErrors comes out."""
    dice, source = random.Random(4), VALID.encode()
    pieces = [
        b"*a",
        b"&a ",
        b"!!x ",
        b"{",
        b"[",
        b"\xff",
        b"---\n",
        b": ",
        b"\t",
        b'"',
        b"'",
        b"|\n",
        b"? ",
        b"\r",
        b"0",
    ]
    refused = 0
    for _ in range(400):
        damaged = bytearray(source)
        for _ in range(dice.choice([1, 2, 5])):
            at = dice.randrange(len(damaged))
            damaged[at : at + dice.choice([0, 1, 12])] = dice.choice(pieces)
        refused += bool(faults_in(bytes(damaged), folder, catalogue))

    assert refused > 200


@pytest.mark.parametrize("name", ["vi-huong", "commune_profiles/vi-huong.yml"])
def test_profiles_are_found_by_name_and_path(name, monkeypatch):
    """A name means the shipped profile, anything with a slash or an ending is a path."""
    monkeypatch.chdir(paths.checkout())

    assert find_profile(name).resolve() == paths.checkout() / "commune_profiles" / "vi-huong.yml"


def test_an_unknown_name_suggests_a_near_one():
    """A mistyped name is answered with the profile that it is nearest to."""
    with pytest.raises(UsageError) as caught:
        find_profile("vi-hung")

    assert "vi-huong" in caught.value.todo.en


def test_errors_pass_between_processes(folder, catalogue):
    """The errors of a worker process arrive whole."""
    (folder / "commune.yml").write_text("schema: 2\n", encoding="utf-8")
    with pytest.raises(ProfileErrors) as caught:
        load_profile(folder / "commune.yml", catalogue)

    assert pickle.loads(pickle.dumps(caught.value)).errors == caught.value.errors


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("A B", "a-b.yml"), ("Xã Mới", "xa-moi.yml"), ("-x", "x.yml"), ("a.b", "a-b.yml"), ("passphrase", None)],
)
def test_a_file_name_that_can_name_nothing_is_a_fault(name, suggestion, folder, catalogue):
    """The file's name is that of the commune's state, stack and lab: it is told with the other faults."""
    path = folder / f"{name}.yml"
    path.write_text(VALID.replace("level: 2", "level: 4"), encoding="utf-8")
    with pytest.raises(ProfileErrors) as caught:
        load_profile(path, catalogue)

    assert [fault.code for fault in caught.value.errors] == ["file-name", "not-in-list"]
    assert caught.value.errors[0].suggestion == suggestion


def test_a_path_without_its_ending_is_told_the_file(folder):
    """A path that only lacks .yml is wrong use, with the file that was meant."""
    (folder / "commune.yml").write_text(VALID, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        find_profile(str(folder / "commune"))

    assert str(folder / "commune.yml") in caught.value.todo.en
