"""Run the benchmarks that are named, or all, and write ``bench/results/<name>.json``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Return the benchmarks there are: the scripts of this folder, each of which prints one JSON document."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.name.startswith("_"))


def describe_machine() -> dict[str, object]:
    """Return what figures depend on: cores, memory, kernel, Python, and the commit."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "load": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }


def main() -> int:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(names())}; all by default")
    chosen = parser.parse_args().names or names()
    if unknown := set(chosen) - set(names()):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in chosen:
        machine = describe_machine()
        ran = subprocess.run([sys.executable, FOLDER / f"{name}.py"], stdout=subprocess.PIPE, check=False)
        if ran.returncode != 0:  # it has said why
            return ran.returncode
        figures = json.loads(ran.stdout)
        kept = FOLDER / "results" / f"{name}.json"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(
            json.dumps({"machine": machine, **figures}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        print(json.dumps({name: figures}, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
