"""Bundle an application for its hosts, on the controller: the lock's wheels as one archive, the source as another.

Prints ``{"key", "wheels", "id", "source", "changed", "named"}`` as JSON; ``named`` are the files in both archives whose
paths match ``--name``. The wheels are installed from their hashes for the hosts' Python, not the controller's, and kept
in the cache: the same lock is fetched once. Archives are deterministic.

Packages that are published as source only stand in a lock of their own, ``requirements.sdist.txt`` beside the first;
what builds them, on the controller and for any Python, is locked by hash as well, in ``requirements.build.txt``.
"""

from __future__ import annotations

import argparse
import fnmatch
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LANGUAGES = ("vi", "en")
PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def digest(*parts: bytes) -> str:
    """Return the SHA-256 of ``parts``, each told apart from the next by its length."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def is_needed(path: str, exclude: list[str]) -> bool:
    """Return whether hosts need the file: it is no translation into another language, nor excluded."""
    parts = path.split("/")
    if "locale" in parts[:-1]:
        language = parts[parts.index("locale") + 1]
        if language not in LANGUAGES and "LC_MESSAGES" in parts:
            return False
    return not any(fnmatch.fnmatch(path, pattern) for pattern in exclude)


def files_of(folder: Path, exclude: list[str]) -> list[Path]:
    """Return the files below ``folder`` that hosts need, sorted."""
    found = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(path for path in found if is_needed(path.relative_to(folder).as_posix(), exclude))


def write_archive(target: Path, folder: Path, files: list[Path]) -> None:
    """Write ``files`` to ``target`` whole or not at all, without times and owners."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as raw:
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in files:
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = path.stat().st_size
                entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                with path.open("rb") as content:
                    archive.addfile(entry, content)
        raw.flush()
        os.fsync(raw.fileno())
    Path(raw.name).chmod(0o644)
    Path(raw.name).replace(target)


def locks_of(requirements: Path) -> list[Path]:
    """Return the lock and, where there are some, those of source packages and of what builds them."""
    beside = [requirements.with_name(f"{requirements.stem}.{kind}.txt") for kind in ("sdist", "build")]
    return [requirements, *(path for path in beside if path.is_file())]


def pip_install(lock: Path, tree: Path, *options: str, tools: Path | None = None) -> None:
    """Install a lock into ``tree`` by its hashes, built by ``tools``; ends with pip's words when it fails."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--root-user-action=ignore", "--no-deps", "--no-compile", "--require-hashes"]
    command += [*options, f"--target={tree}", f"--requirement={lock}"]
    environment = os.environ | ({"PYTHONPATH": str(tools)} if tools else {})
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"fetching the packages of {lock} failed:\n{done.stderr.strip()}")


def fetch_packages(requirements: Path, tree: Path, python: str, machine: str) -> None:
    """Install the locks into ``tree`` for the hosts' Python and machine."""
    wheels, *others = locks_of(requirements)
    target = [f"--platform={name}_{machine}" for name in PLATFORMS]
    target += ["--implementation=cp", f"--python-version={python}"]
    pip_install(wheels, tree, "--only-binary=:all:", *target)
    if others:
        sources, build = others
        before = set(tree.rglob("*.so"))
        with tempfile.TemporaryDirectory(prefix="smartcommune-build-") as tools:
            pip_install(build, Path(tools), "--only-binary=:all:")
            pip_install(sources, tree, "--no-binary=:all:", "--no-build-isolation", *target, tools=Path(tools))
        if compiled := sorted(path.name for path in set(tree.rglob("*.so")) - before):
            sys.exit(f"{sources} holds more than Python, built for this machine: {', '.join(compiled)}")


def bundle(options: argparse.Namespace) -> dict[str, object]:
    """Make what is missing of the two archives and return where they are."""
    exclude: list[str] = options.exclude
    locks = [path.read_bytes() for path in locks_of(options.requirements)]
    key = digest(*locks, options.python.encode(), options.machine.encode(), json.dumps(exclude).encode())[:16]
    wheels = options.cache / "wheels" / f"{key}.tar.gz"
    source = files_of(options.source, ["*.mo"])  # compiled while a release is built
    parts = [
        part for path in source for part in (path.relative_to(options.source).as_posix().encode(), path.read_bytes())
    ]
    identifier = digest(key.encode(), options.build.encode(), *parts)[:16]
    archive = options.cache / "wheels" / f"{identifier}.source.tar.gz"
    changed = not wheels.is_file()
    if changed:
        wheels.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=wheels.parent, prefix=".tree-") as folder:
            tree = Path(folder)
            fetch_packages(options.requirements, tree, options.python, options.machine)
            write_archive(wheels, tree, files_of(tree, exclude))
    if not archive.is_file():
        write_archive(archive, options.source, source)
    found = named([wheels, archive], options.name)
    paths = {"wheels": str(wheels), "source": str(archive)}
    return {"key": key, "id": identifier, **paths, "changed": changed, "named": found}


def named(archives: list[Path], patterns: list[str]) -> list[str]:
    """Return the paths in ``archives`` that match one of ``patterns``, sorted."""
    found: set[str] = set()
    for archive in archives if patterns else []:
        with tarfile.open(archive) as content:
            found |= {name for name in content.getnames() if any(fnmatch.fnmatch(name, each) for each in patterns)}
    return sorted(found)


def main() -> None:
    """Parse the command line, bundle, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requirements", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("--build", default="[]", help="the build commands: another build is another release")
    parser.add_argument("--exclude", type=json.loads, default=[])
    parser.add_argument("--name", action="append", default=[], help="pattern of paths to name, as of migrations")
    print(json.dumps(bundle(parser.parse_args())))


if __name__ == "__main__":
    main()
