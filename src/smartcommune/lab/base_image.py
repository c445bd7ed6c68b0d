"""The base image: a bare Debian 13 that every machine's own layer lies on, made once and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartcommune import paths
from smartcommune.lab import base_files
from smartcommune.lab.cache import ensure_cache_folder
from smartcommune.lab.commands import missing_tool
from smartcommune.lab.errors import LabError
from smartcommune.lab.layout import locked, write_json
from smartcommune.lab.mirrors import Mirrors, find_mirrors
from smartcommune.lab.models import Progress, ProgressCallback, ignore_progress
from smartcommune.lab.proxy import mirror_proxy
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = "trixie"
_RECIPE_VERSION = 2
PACKAGES = (
    "ca-certificates",
    "dbus",
    "debian-archive-keyring",
    "iproute2",
    "libpam-systemd",
    "nftables",
    "openssh-server",
    "openssl",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
)
# What mmdebstrap says at the start of each step, what that means to a reader, and how far it is (measured).
_STEPS = (
    ("running apt-get update", 0.03, Text(vi="đọc danh mục gói", en="reading the package indices")),
    ("downloading packages", 0.10, Text(vi="tải các gói nền", en="downloading the essential packages")),
    ("extracting archives", 0.25, Text(vi="giải nén các gói nền", en="unpacking the essential packages")),
    ("installing essential packages", 0.35, Text(vi="cài các gói nền", en="installing the essential packages")),
    ("installing remaining packages", 0.50, Text(vi="cài các gói còn lại", en="installing the remaining packages")),
    ("cleaning package lists", 0.95, Text(vi="dọn dẹp", en="cleaning up")),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what the image holds; equal recipes share an image."""

    suite: str
    packages: tuple[str, ...]
    mirrors: Mirrors
    version: int = _RECIPE_VERSION

    @property
    def key(self) -> str:
        """A short digest of the recipe."""
        text = json.dumps([asdict(self), base_files.digest_of_files()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def current_recipe() -> Recipe:
    """Return the recipe for this computer's mirrors."""
    return Recipe(SUITE, PACKAGES, find_mirrors())


def image_path(recipe: Recipe) -> Path:
    """Return where the image of a recipe is, or would be."""
    return paths.cache() / "lab" / f"base-{recipe.key}"


def ensure_base(progress: ProgressCallback = ignore_progress, *, dry_run: bool = False) -> Path:
    """Return the base image, made first when the cache has none: about half a minute, 250 MB.

    It appears whole or not at all; a second caller waits for the first; a killed run leaves nothing mounted, and its
    remains are removed by the next one. With ``dry_run`` only the path is returned. Raises ToolMissingError without
    mmdebstrap, LabError with its last words when it fails.
    """
    recipe = current_recipe()
    image = image_path(recipe)
    if dry_run or image.is_dir():
        return image
    ensure_cache_folder("lab")
    progress(Progress(Text(vi="Chờ khóa của ảnh nền", en="Waiting for the base image's lock"), 0.0))
    with locked(image.parent / ".base.lock"):
        if image.is_dir():
            return image
        for leftover in image.parent.glob(".partial-*"):
            shutil.rmtree(leftover)
        partial = image.parent / f".partial-{recipe.key}"
        _bootstrap(recipe, partial, progress)
        base_files.install(partial, recipe.mirrors.sources(recipe.suite))
        write_json(image.parent / f"base-{recipe.key}.json", asdict(recipe))
        os.sync()
        partial.rename(image)
    progress(Progress(Text(vi="Ảnh nền đã sẵn sàng", en="The base image is ready"), 1.0))
    return image


def _bootstrap_argv(recipe: Recipe, target: Path, proxy: str) -> list[str]:
    """Return the command: mmdebstrap in namespaces that end with it, so that a kill leaves no mount behind."""
    isolated = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
    options = [
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        f"--include={','.join(recipe.packages)}",
        f'--aptopt=Acquire::http::Proxy "{proxy}"',
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Check-Valid-Until "false"',
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt={line}" for line in base_files.DPKG_PATHS),
    ]
    lines = [
        f"deb [signed-by={recipe.mirrors.keyring}] {source.uri} {suite} {' '.join(source.components)}"
        for source in recipe.mirrors.sources(recipe.suite)
        for suite in source.suites
    ]
    return [*isolated, "--mount-proc", "mmdebstrap", *options, recipe.suite, str(target), *lines]


def _bootstrap(recipe: Recipe, target: Path, progress: ProgressCallback) -> None:
    if shutil.which("mmdebstrap") is None:
        raise missing_tool("mmdebstrap")
    with mirror_proxy(recipe.mirrors) as proxy:
        argv = _bootstrap_argv(recipe, target, proxy)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        with subprocess.Popen(
            argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
        ) as child:
            words = list(_report(child, progress))
    if child.returncode != 0:
        if target.exists():
            shutil.rmtree(target)
        last = "\n".join(words[-12:])
        raise LabError(
            Text(vi=f"mmdebstrap không làm được ảnh nền:\n{last}", en=f"mmdebstrap made no base image:\n{last}"),
            todo=Text(
                vi="kiểm tra đường truyền và nguồn gói của máy này (apt-get update), rồi chạy lại lệnh",
                en="check this computer's network and package sources (apt-get update), then run the command again",
            ),
        )


def _report(child: subprocess.Popen[str], progress: ProgressCallback) -> Iterator[str]:
    """Yield what mmdebstrap says and turn the steps it announces into progress."""
    assert child.stderr is not None  # noqa: S101 - asked for above
    for line in child.stderr:
        yield line.rstrip("\n")
        for start, fraction, step in _STEPS:
            if line.startswith(f"I: {start}"):
                progress(Progress(step, fraction))
