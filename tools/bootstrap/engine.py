"""The Pulumi engine, found in this order: there already; the vendor's release; a build from the Go module."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.console import Console
from bootstrap.engine_build import build_engine
from bootstrap.engine_release import ReleaseUnavailableError, fetch_engine
from bootstrap.errors import SetupError


def load_version(checkout: Path) -> str:
    """Return the engine's version: the one the SDK is pinned to in ``pyproject.toml``."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins: list[str] = [line for line in project["dependencies"] if line.startswith("pulumi==")]
    return pins[0].removeprefix("pulumi==")


def answers_version(program: Path, version: str) -> bool:
    """Return whether the program starts and says that it is this version."""
    with tempfile.TemporaryDirectory() as home:  # even this question leaves a log in the engine's home
        quiet = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_HOME": home}
        try:
            answer = subprocess.run(
                [program, "version"], capture_output=True, text=True, check=True, timeout=30, env=quiet
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return answer.stdout.strip() == f"v{version}"


def find_engine(version: str, cache: Path) -> Path | None:
    """Return the engine of this version that is on PATH or in the cache, if there is one."""
    on_path = shutil.which("pulumi")
    candidates = [Path(on_path)] if on_path else []
    candidates.append(cache / "pulumi" / version / "pulumi")
    return next((each for each in candidates if answers_version(each, version)), None)


def ensure_engine(console: Console, *, checkout: Path, cache: Path, python: Path, log: Path) -> Path:
    """Find, download or build the engine; return its path.

    Raises:
        SetupError: none of the three ways worked.
    """
    version = load_version(checkout)
    console.step(vi=f"Pulumi {version}", en=f"Pulumi {version}")
    with _lock(cache / "pulumi", console):
        if found := find_engine(version, cache):
            console.done(vi=f"đã có: {found}", en=f"there already: {found}")
            return found
        target = cache / "pulumi" / version / "pulumi"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            fetch_engine(version, target, console=console)
        except ReleaseUnavailableError as error:
            console.say(
                vi=f"  không lấy được bản phát hành của nhà cung cấp ({error}); biên dịch từ mã nguồn",
                en=f"  the vendor's release is not to be had ({error}); building from source",
            )
            build_engine(
                version, target, console=console, sources=checkout / "tools" / "engine", python=python, log=log
            )
        if not answers_version(target, version):
            target.unlink()
            raise SetupError(
                vi=f"{target} không chạy được hoặc sai phiên bản; đã xóa, hãy chạy lại",
                en=f"{target} does not run or has another version; removed, run this again",
            )
    console.done(vi=f"sẵn sàng: {target}", en=f"ready: {target}")
    return target


@contextmanager
def _lock(folder: Path, console: Console) -> Iterator[None]:
    """Let one set-up at a time work on the engine; the kernel drops the lock when its holder ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say(vi="  đợi một lần cài đặt khác đang chạy", en="  waiting for another set-up that is running")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
