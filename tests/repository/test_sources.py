"""The sources keep the house rules that no linter knows."""

from __future__ import annotations

import ast
import contextlib
import re
from functools import cache
from pathlib import Path

import pytest

from tests.repository.tree import CHECKOUT, name, tracked, under

PYTHON = [path for path in tracked() if path.suffix == ".py"]
TESTS = under("tests", "*.py")
CHECKS = under("roles", "test_*.py")
HOSTS = set(re.findall(r"^[^#\s]+", (Path(__file__).parent / "addresses.txt").read_text(), re.MULTILINE))
RESERVED = re.compile(r"(^|\.)(localhost|example|test|invalid|example\.(com|net|org|vn)|internal|gov\.vn)$")
PURE = (
    "profile/models.py",
    "profile/quantities.py",
    "catalogue/models.py",
    "site/models.py",
    "sizes.py",
    "text.py",
    "errors.py",
)
IMPURE = {"os", "subprocess", "socket", "time", "random", "secrets", "pathlib", "shutil", "urllib", "httpx"}


@cache
def every_function(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Return the functions of a module, those inside others too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the test functions of a module."""
    return [each for each in every_function(path) if each.name.startswith("test_")]


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    """Return every text file of the checkout with its text; lists of hashes are left out."""
    found = []
    for path in tracked():
        if path.suffix not in (".lock", ".sum", ".mod"):
            with contextlib.suppress(UnicodeDecodeError):
                found.append((path, path.read_text(encoding="utf-8")))
    return tuple(found)


def asserts(function: ast.AST) -> bool:
    """Return whether a test can fail: an assertion, an expected error, or a helper named after one."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Attribute) and node.attr in {"raises", "warns", "fail"})
        or (isinstance(node, ast.Call) and re.match(r"_?(assert|check|expect)", called(node)) is not None)
        for node in ast.walk(function)
    )


def is_hollow(node: ast.AST) -> bool:
    """Return whether a statement is an assertion that holds whatever is tested."""
    return isinstance(node, ast.Assert) and (
        isinstance(node.test, ast.Constant | ast.GeneratorExp | ast.Lambda)
        or (isinstance(node.test, ast.Tuple) and bool(node.test.elts))
    )


def catches_all(node: ast.AST) -> bool:
    """Return whether a call expects any exception at all, whatever it says."""
    return (
        isinstance(node, ast.Call)
        and called(node) == "raises"
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in {"Exception", "BaseException"}
        and not any(keyword.arg == "match" for keyword in node.keywords)
    )


def called(node: ast.Call) -> str:
    """Return the name of what is called."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_module_is_short(path: Path) -> None:
    """A module has at most 400 lines, a function 60; they are split before."""
    long = [each.name for each in every_function(path) if (each.end_lineno or 0) - each.lineno >= 60]

    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert long == []


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_test_module_is_collected(path: Path) -> None:
    """Every module under tests/ holds tests that pytest collects, or is imported by one that does."""
    if path.name.startswith("test_"):
        assert functions(path), "no test in it"
    elif path.name not in ("conftest.py", "__init__.py"):
        importers = [each for each in TESTS if each != path and re.search(rf"\b{path.stem}\b", each.read_text())]
        assert importers, "imported by no test"


@pytest.mark.parametrize("path", [*TESTS, *CHECKS], ids=name)
def test_tests_say_and_assert(path: Path) -> None:
    """Each test has a docstring and can fail."""
    silent = [each.name for each in functions(path) if not ast.get_docstring(each)]
    empty = [each.name for each in functions(path) if not asserts(each)]
    hollow = [
        node.lineno for each in functions(path) for node in ast.walk(each) if is_hollow(node) or catches_all(node)
    ]

    assert silent == []
    assert empty == []
    assert hollow == []


def test_the_search_for_tests_that_cannot_fail_finds_them() -> None:
    """Positive control: assertions that always hold, tests without any, and too wide expectations are found."""
    module = ast.parse(
        "def test_a():\n    assert (1, 'said')\n    assert True\n    assert (x for x in y)\n"
        "def test_b():\n    with pytest.raises(Exception):\n        run()\n"
        "def test_c():\n    run()\n"
        "def test_d():\n    assert run() == 1\n    with pytest.raises(KeyError):\n        run()\n"
    )
    hollow, wide, empty, sound = (node for node in module.body if isinstance(node, ast.FunctionDef))

    assert [is_hollow(node) for node in hollow.body] == [True] * 3
    assert any(catches_all(node) for node in ast.walk(wide))
    assert not asserts(empty)
    assert asserts(sound)
    assert not any(is_hollow(node) or catches_all(node) for node in ast.walk(sound))


def test_addresses_are_known() -> None:
    """Each address in the sources is listed with its reason or reserved, so that no package registry is named."""
    address = re.compile(r"\b(?:https?|git|ssh)://(?:[^\s/@'\"]*@)?([a-zA-Z0-9][a-zA-Z0-9.-]*\.[a-zA-Z]{2,})\b")
    found = {(name(path), match[1].lower()) for path, text in texts() for match in address.finditer(text)}

    assert sorted((where, host) for where, host in found if host not in HOSTS and not RESERVED.search(host)) == []


def test_no_path_of_one_machine() -> None:
    """No file names a folder that exists on one computer only."""
    folder = re.compile(r"(?<![\w.-])/(?:work|home/(?!commune\b)[a-z]+|Users)/[\w.-]+")

    assert [f"{name(path)}: {match[0]}" for path, text in texts() for match in folder.finditer(text)] == []


def test_nothing_is_left_to_do() -> None:
    """No marker of unfinished work stands in the sources."""
    marker = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK|[Ff]or" + r" now)\b")

    assert [f"{name(path)}: {match[0]}" for path, text in texts() for match in marker.finditer(text)] == []


@pytest.mark.parametrize("module", PURE)
def test_models_are_pure(module: str) -> None:
    """Models import nothing that reads files, the network, the clock or the environment."""
    tree = ast.parse((CHECKOUT / "src" / "smartcommune" / module).read_text(encoding="utf-8"))
    imported = {
        each.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }

    assert imported & IMPURE == set()
