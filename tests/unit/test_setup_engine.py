"""The order in which set-up finds the Pulumi engine, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from bootstrap import engine, engine_build
from bootstrap.console import Console
from bootstrap.engine import ensure_engine, find_engine, load_version
from bootstrap.engine_build import Compiled, build_engine, find_go, required_go
from bootstrap.engine_release import ReleaseUnavailableError, fetch_engine
from bootstrap.errors import SetupError

VERSION = "3.259.0"


def write_program(path: Path, body: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def quiet() -> Console:
    """A console that nobody reads."""
    return Console(lang="en", out=io.StringIO())


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout that pins the engine."""
    folder = tmp_path / "checkout"
    (folder / "tools" / "engine").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\ndependencies = ["pulumi=={VERSION}"]\n')
    (folder / "tools" / "engine" / "go.mod").write_text("module x\n\ngo 1.26.0\n")
    (folder / "tools" / "engine" / "go.sum").write_text("")
    return folder


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A vendor's site in a folder, with an archive and its published checksum."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    folder = tmp_path / "site"
    folder.mkdir()
    program = f"#!/bin/sh\necho v{VERSION}\n".encode()
    archive = folder / f"pulumi-v{VERSION}-linux-x64.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        member = tarfile.TarInfo("pulumi/pulumi")
        member.size = len(program)
        packed.addfile(member, io.BytesIO(program))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (folder / f"pulumi-{VERSION}-checksums.txt").write_text(f"{'0' * 64}  other.tar.gz\n{digest}  {archive.name}\n")
    return folder


def test_version_is_the_pinned_one(checkout) -> None:
    """The engine's version is read from the package's own description."""
    assert load_version(checkout) == VERSION


def test_program_on_path_wins(tmp_path, monkeypatch) -> None:
    """The pinned version on PATH is taken before the cache."""
    on_path = write_program(tmp_path / "bin" / "pulumi", f"echo v{VERSION}")
    write_program(tmp_path / "cache" / "pulumi" / VERSION / "pulumi", f"echo v{VERSION}")
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")

    assert find_engine(VERSION, tmp_path / "cache") == on_path


def test_other_version_on_path_is_passed_over(tmp_path, monkeypatch) -> None:
    """Another version on PATH, or a broken program, is not taken."""
    other = write_program(tmp_path / "bin" / "pulumi", "echo v3.1.0")
    cached = write_program(tmp_path / "cache" / "pulumi" / VERSION / "pulumi", f"echo v{VERSION}")
    monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin:/bin")
    found = find_engine(VERSION, tmp_path / "cache")
    write_program(cached, "exit 1")

    assert found == cached
    assert find_engine(VERSION, tmp_path / "cache") is None


def test_release_is_verified_and_placed(site, tmp_path, quiet) -> None:
    """An archive that matches its published checksum gives the program, and nothing else is left."""
    target = tmp_path / "cache" / "pulumi"
    target.parent.mkdir()
    fetch_engine(VERSION, target, console=quiet, archives=site.as_uri(), checksums=site.as_uri())

    assert engine.answers_version(target, VERSION)
    assert [each.name for each in target.parent.iterdir()] == ["pulumi"]


def test_wrong_checksum_is_refused(site, tmp_path, quiet) -> None:
    """An archive that is not the published one is never unpacked."""
    target = tmp_path / "pulumi"
    archive = site / f"pulumi-v{VERSION}-linux-x64.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(ReleaseUnavailableError, match="is not the published"):
        fetch_engine(VERSION, target, console=quiet, archives=site.as_uri(), checksums=site.as_uri())

    assert not target.exists()


def test_unlisted_archive_is_refused(site, tmp_path, quiet) -> None:
    """Without a published checksum there is no release."""
    (site / f"pulumi-{VERSION}-checksums.txt").write_text("")

    with pytest.raises(ReleaseUnavailableError, match="not in the published list"):
        fetch_engine(VERSION, tmp_path / "pulumi", console=quiet, archives=site.as_uri(), checksums=site.as_uri())


def test_archive_without_the_program_is_refused(site, tmp_path, quiet) -> None:
    """A verified archive of another shape is refused as well."""
    archive = site / f"pulumi-v{VERSION}-linux-x64.tar.gz"
    with tarfile.open(archive, "w:gz"):
        pass
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (site / f"pulumi-{VERSION}-checksums.txt").write_text(f"{digest}  {archive.name}\n")

    with pytest.raises(ReleaseUnavailableError, match="holds no program"):
        fetch_engine(VERSION, tmp_path / "pulumi", console=quiet, archives=site.as_uri(), checksums=site.as_uri())


def test_site_out_of_reach_is_no_release(tmp_path, quiet, monkeypatch) -> None:
    """A site that does not answer is told apart from an error of ours."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    nowhere = (tmp_path / "nowhere").as_uri()

    with pytest.raises(ReleaseUnavailableError, match="No such file"):
        fetch_engine(VERSION, tmp_path / "pulumi", console=quiet, archives=nowhere, checksums=nowhere)


def test_build_follows_a_failed_download(checkout, tmp_path, quiet, monkeypatch) -> None:
    """Where the release is not to be had, the engine is built, and its version is checked."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    def fetch(*_args: object, **_named: object) -> None:
        raise ReleaseUnavailableError("out of reach")

    def build(version: str, target: Path, **_named: object) -> None:
        write_program(target, f"echo v{version}")

    monkeypatch.setattr(engine, "fetch_engine", fetch)
    monkeypatch.setattr(engine, "build_engine", build)
    wanted = {"checkout": checkout, "cache": tmp_path / "cache", "python": Path("python3"), "log": tmp_path / "log"}

    assert ensure_engine(quiet, **wanted) == tmp_path / "cache" / "pulumi" / VERSION / "pulumi"


def test_engine_of_another_version_is_removed(checkout, tmp_path, quiet, monkeypatch) -> None:
    """A program that does not answer with the pinned version does not stay in the cache."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(engine, "fetch_engine", lambda _version, target, **_: write_program(target, "echo v0.0.1"))
    wanted = {"checkout": checkout, "cache": tmp_path / "cache", "python": Path("python3"), "log": tmp_path / "log"}
    with pytest.raises(SetupError):
        ensure_engine(quiet, **wanted)

    assert not (tmp_path / "cache" / "pulumi" / VERSION / "pulumi").exists()


@pytest.mark.parametrize(("says", "found"), [("go1.26.8", True), ("go1.27", True), ("go1.19.8", False), ("", False)])
def test_go_must_be_recent(says, found, tmp_path, monkeypatch) -> None:
    """Go on PATH is used when it is what the module asks for, or newer."""
    go = write_program(tmp_path / "bin" / "go", f"echo go version {says} linux/amd64")
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")

    assert (find_go((1, 26)) == str(go)) is found


def test_required_go_is_read_from_the_module(checkout) -> None:
    """The Go version that is needed stands in ``go.mod``."""
    assert required_go(checkout / "tools" / "engine") == (1, 26)


def test_build_places_the_program_and_drops_its_caches(checkout, tmp_path, quiet, monkeypatch) -> None:
    """A build keeps the machine's Go settings, uses caches of its own, and leaves the program alone in the cache."""
    body = f"""
case $1 in
version) echo go version go1.26.0 linux/amd64;;
list) echo a; echo b;;
build) while [ "$1" != -o ]; do shift; done
       printf '#!/bin/sh\\necho v{VERSION}\\n' > "$2"; chmod 755 "$2"
       echo "$GOFLAGS $GOPROXY $GOTOOLCHAIN" > {tmp_path}/seen; mkdir -p "$GOMODCACHE" "$GOCACHE";;
esac"""
    go = write_program(tmp_path / "bin" / "go", body)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setattr(engine_build, "ROOM", 0)
    target = tmp_path / "cache" / "pulumi"
    sources = checkout / "tools" / "engine"
    build_engine(VERSION, target, console=quiet, sources=sources, python=Path("python3"), log=tmp_path / "log")

    assert engine.answers_version(target, VERSION)
    assert (tmp_path / "seen").read_text().split() == ["-mod=mod", "-modcacherw", "-buildvcs=false", "off", "local"]
    assert [each.name for each in target.parent.iterdir()] == ["pulumi"]


def test_build_needs_room(checkout, tmp_path, quiet, monkeypatch) -> None:
    """A disk that is too full is named before anything is downloaded."""
    monkeypatch.setattr(engine_build, "ROOM", 1 << 60)
    sources = checkout / "tools" / "engine"
    with pytest.raises(SetupError, match="GB free"):
        build_engine(
            VERSION, tmp_path / "pulumi", console=quiet, sources=sources, python=Path("x"), log=tmp_path / "log"
        )

    assert not (tmp_path / "pulumi").exists()


def test_compiled_packages_are_counted() -> None:
    """Downloads are shown first, then packages compiled out of all; messages are not counted."""
    progress = Compiled(3)
    progress.feed("go: downloading example.org/a v1.0.0\n")
    before = progress.describe()
    for line in ("internal/abi\n", "example.org/a/b\n", "# example.org/a note with blanks\n"):
        progress.feed(line)

    assert before == "↓ 1"
    assert progress.describe() == "2/3"
