"""Compile every commune of the country, beside loading the same files with PyYAML alone, in one run.

``python bench/compile_country.py [--processes 2] [--limit N]`` writes 3,321 profiles (official list, in a temporary
folder), loads, checks and compiles each to canonical JSON, and prints one JSON document: seconds, milliseconds a
commune, and ratios to the peers (PyYAML's pure and C safe loaders, which neither keep lines nor check anything).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import yaml

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.profile.communes import load_official
from smartcommune.profile.loader import load_profile
from smartcommune.site.compile import compile_site
from smartcommune.site.models import to_json
from smartcommune.site.province import load_province

GOAL_SECONDS = 10.0
TEMPLATE = """\
# yaml-language-server: $schema=../docs/schema/profile.json
schema: 1
commune:
  code: "{code}"
  name: {name}
  languages: [vi, en]
link:
  down: 30 Mbit/s
  up: 10 Mbit/s
  rtt: 60 ms
level: 2
network:
  block: 10.{second}.{third}.0/21
hosts:
  server-1:
    kind: server
    site: ubnd
    memory: 8 GiB
    disk: 60 GiB
  gateway-1:
    kind: gateway
    site: ubnd
    memory: 1 GiB
    disk: 8 GiB
components:
  production:
    cooperative_shop:
      cooperative: Hợp tác xã {name}
      products: data/vi-huong/products.csv
      fee_commune: 10000
    traceability:
      lots: data/vi-huong/lots.csv
      events: data/vi-huong/events.csv
targets:
  lab: {{}}
  existing:
    hosts:
      server-1: {{address: 10.{second}.{server}.10}}
      gateway-1: {{address: 10.{second}.{edge}.10}}
"""


def write_profiles(folder: Path, limit: int | None) -> list[Path]:
    """Write one profile for each commune and return their paths."""
    shutil.copytree(paths.checkout() / "commune_profiles" / "data", folder / "data")
    written = []
    for index, commune in enumerate(list(load_official().values())[:limit]):
        second, third = divmod(index, 32)
        numbers = {"second": second, "third": third * 8, "edge": third * 8 + 1, "server": third * 8 + 3}
        path = folder / f"{commune.code}.yml"
        path.write_text(TEMPLATE.format(code=commune.code, name=commune.name, **numbers), encoding="utf-8")
        written.append(path)
    return written


def compile_all(files: list[Path]) -> int:
    """Load, check and compile; return the bytes of all Sites."""
    catalogue, province = load_catalogue(), load_province()
    return sum(len(to_json(compile_site(load_profile(path, catalogue), catalogue, province, "lab"))) for path in files)


def load_with(loader: type, files: Iterable[Path]) -> int:
    """Load with PyYAML alone: no lines, no checks."""
    for path in files:
        yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return 0


def timed(work: Callable[[list[Path]], int], files: list[Path], processes: int) -> tuple[float, int]:
    """Return the seconds that ``processes`` need for all files, process start included, and the sum of the results."""
    parts = [files[index::processes] for index in range(processes)]
    start = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        total = sum(pool.map(work, parts))
    return time.perf_counter() - start, total


def main() -> int:
    """Run all ways and print the figures; exit status 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, default=None, help="only the first N communes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_profiles(Path(folder), options.limit)
        ours, size = timed(compile_all, files, options.processes)
        c_loader, _ = timed(partial(load_with, yaml.CSafeLoader), files, options.processes)
        pure, _ = timed(partial(load_with, yaml.SafeLoader), files, options.processes)
    figures = {
        "communes": len(files),
        "processes": options.processes,
        "compile": {"seconds": round(ours, 2), "ms_per_commune": round(ours * 1000 / len(files), 3), "bytes": size},
        "pyyaml_c_load_only": {"seconds": round(c_loader, 2), "ratio": round(ours / c_loader, 2)},
        "pyyaml_pure_load_only": {"seconds": round(pure, 2), "ratio": round(ours / pure, 2)},
        "goal_seconds": GOAL_SECONDS,
    }
    print(json.dumps(figures, indent=2))
    return int(len(files) > 3000 and ours > GOAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
