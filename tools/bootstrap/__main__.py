"""``tools/setup``: prepare this computer, step by step."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from bootstrap.console import Console, language
from bootstrap.engine import ensure_engine
from bootstrap.environment import ensure_environment
from bootstrap.errors import SetupError
from bootstrap.packages import ensure_packages
from smartcommune import paths

OLDEST = (3, 11)


def main(argv: list[str] | None = None) -> int:
    """Run the steps; return the exit code (0 done, 1 a step failed, 130 interrupted)."""
    parser = argparse.ArgumentParser(prog="tools/setup", description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also install what only tests and linters need")
    parser.add_argument("--radio", action="store_true", help="as --tests, and what the tests of the radios need")
    options = parser.parse_args(argv)
    tests = options.tests or options.radio
    console = Console(lang=language())
    signal.signal(signal.SIGTERM, _interrupt)
    begin = time.monotonic()
    try:
        prepare(console, checkout=paths.checkout(), cache=paths.cache(), tests=tests, radio=options.radio)
    except SetupError as error:
        console.say(vi=f"✗ {error.vi}", en=f"✗ {error.en}")
        return 1
    except OSError as error:  # no room, no right: the system's own words name the file
        console.say(vi=f"✗ {error}", en=f"✗ {error}")
        return 1
    except KeyboardInterrupt:
        console.say(
            vi="✗ bị ngắt; chạy lại lệnh này để làm tiếp", en="✗ interrupted; the same command goes on from here"
        )
        return 130
    seconds = time.monotonic() - begin
    console.say(vi=f"Xong sau {seconds:.0f} s.", en=f"Done in {seconds:.0f} s.")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Turn a request to end into the exception that every step cleans up after."""
    raise KeyboardInterrupt


def prepare(console: Console, *, checkout: Path, cache: Path, tests: bool, radio: bool = False) -> None:
    """Do all steps for one checkout."""
    if sys.version_info < OLDEST:
        raise SetupError(
            vi=f"cần Python {OLDEST[0]}.{OLDEST[1]} trở lên, máy có {sys.version.split()[0]}",
            en=f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}",
        )
    logs = checkout / ".state" / "setup"
    made = _missing_parents(cache)
    ensure_packages(console, log=logs / "packages.log", tests=tests, radio=radio)
    python = ensure_environment(console, checkout=checkout, log=logs / "environment.log", tests=tests)
    try:
        ensure_engine(console, checkout=checkout, cache=cache, python=python, log=logs / "engine.log")
    finally:
        _give_back(made, cache)


def _missing_parents(folder: Path) -> list[Path]:
    """Return the folders above the cache, and itself, that do not exist yet."""
    return [each for each in (folder, *folder.parents) if not each.exists()]


def _give_back(made: list[Path], cache: Path) -> None:
    """Under sudo, let the calling user own the cache in that user's home."""
    owner = os.environ.get("SUDO_UID")
    if os.geteuid() != 0 or owner is None or "SMARTCOMMUNE_CACHE" in os.environ:
        return
    group = int(os.environ.get("SUDO_GID", owner))
    for path in (*filter(Path.exists, (*made, cache)), *(cache / "pulumi").rglob("*")):
        os.chown(path, int(owner), group, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
