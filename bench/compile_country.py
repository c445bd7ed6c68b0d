"""Compile every commune of the country, beside loading the same files with PyYAML alone, in one run.

``python bench/compile_country.py [--processes 2] [--limit N]`` writes 3,321 profiles (official list, in a temporary
folder), loads, checks and compiles each to canonical JSON, and prints one JSON document: seconds, milliseconds a
commune, and ratios to the peers (PyYAML's pure and C safe loaders, which neither keep lines nor check anything).
"""

from __future__ import annotations

import argparse
import json
import resource
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


def timed(work: Callable[[list[Path]], int], files: list[Path], processes: int) -> tuple[float, float, int]:
    """Return the seconds that ``processes`` need for all files, their CPU seconds, and the sum of the results."""
    parts = [files[index::processes] for index in range(processes)]
    start, spent = time.perf_counter(), _cpu_of_children()
    with ProcessPoolExecutor(processes) as pool:
        total = sum(pool.map(work, parts))
    return time.perf_counter() - start, _cpu_of_children() - spent, total


def _cpu_of_children() -> float:
    """Return the CPU seconds of ended child processes: what is left of a figure on a machine that others use too."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _peer(seconds: float, cpu_seconds: float, ours: float) -> dict[str, float]:
    """Return a peer's figures; ``ratio`` is how many times its seconds ours are."""
    return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu_seconds, 2), "ratio": round(ours / seconds, 2)}


def main() -> int:
    """Run all ways and print the figures; exit status 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, default=None, help="only the first N communes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_profiles(Path(folder), options.limit)
        ours, ours_cpu, size = timed(compile_all, files, options.processes)
        c_loader, c_cpu, _ = timed(partial(load_with, yaml.CSafeLoader), files, options.processes)
        pure, pure_cpu, _ = timed(partial(load_with, yaml.SafeLoader), files, options.processes)
    figures = {
        "communes": len(files),
        "processes": options.processes,
        "compile": {
            "seconds": round(ours, 2),
            "cpu_seconds": round(ours_cpu, 2),
            "ms_per_commune": round(ours * 1000 / len(files), 3),
            "bytes": size,
        },
        "pyyaml_c_load_only": _peer(c_loader, c_cpu, ours),
        "pyyaml_pure_load_only": _peer(pure, pure_cpu, ours),
        "goal_seconds": GOAL_SECONDS,
    }
    print(json.dumps(figures, indent=2))
    return int(len(files) > 3000 and ours > GOAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
