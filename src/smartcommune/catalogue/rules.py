"""What a role itself knows of its options: ``rules.py``, or a package ``rules``; pure functions over resolved options.

A schema says what one value may be. That two rows do not go together, or that a choice is impossible for a reason of
the service's own field, only the role knows; so does what follows from the choices. The toolkit calls it and knows
neither.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from smartcommune.document.traps import Trap
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from smartcommune.catalogue.models import Service
    from smartcommune.document.model import KeyPath

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a service's options: ``path`` leads from the options to the value.

    ``found`` is what stands there, unless it says more; ``related`` are paths of other values to look at.
    """

    path: KeyPath
    trap: Trap
    found: Text | None = None
    suggestion: str | None = None
    related: tuple[KeyPath, ...] = ()


class Rules(Protocol):
    """What a role's ``rules.py`` has: at least one of the two functions."""

    def check(self, options: Options) -> Iterable[Finding]:
        """Return what is wrong with options that are each valid by themselves."""

    def derive(self, options: Options) -> Mapping[str, Any]:
        """Return what follows from valid options; the role gets it as ``<service>_<key>``, ``explain`` shows it."""


class RulesFile:
    """A role's rules, loaded when first asked."""

    @classmethod
    def of(cls, role: Path) -> RulesFile | None:
        """Return the rules in a role's folder, if it has some."""
        places = (role / "rules.py", role / "rules" / "__init__.py")
        return next((cls(path) for path in places if path.is_file()), None)

    def __init__(self, path: Path) -> None:
        self.path = path
        self._module: Rules | None = None

    def check(self, options: Options) -> tuple[Finding, ...]:
        """Return the role's findings; none where it checks nothing."""
        module = self._load()
        return tuple(module.check(options)) if hasattr(module, "check") else ()

    def derive(self, options: Options) -> Mapping[str, Any]:
        """Return what follows from the options; nothing where the role derives nothing."""
        module = self._load()
        return module.derive(options) if hasattr(module, "derive") else {}

    def _load(self) -> Rules:
        if self._module is None:
            package = self.path.name == "__init__.py"
            role = self.path.parents[1 if package else 0]
            # the whole path in the name: two catalogues may have a role of one name
            name = f"smartcommune_rules_{hashlib.sha256(bytes(role)).hexdigest()[:12]}_{role.name}"
            places = [str(self.path.parent)] if package else None
            spec = importlib.util.spec_from_file_location(name, self.path, submodule_search_locations=places)
            if spec is None or spec.loader is None:
                raise ImportError(f"{self.path} is no Python module")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module  # a package finds its own modules by it
            spec.loader.exec_module(module)
            self._module = cast("Rules", module)
        return self._module


def finding(path: KeyPath, code: str, *texts: tuple[str, str], found: str | None = None, **more: Any) -> Finding:
    """Return a finding from pairs (vi, en): message, expected, to do; ``found`` where it is the same in both."""
    message, expected, todo = (Text(vi=vi, en=en) for vi, en in texts)
    shown = Text(vi=found, en=found) if found is not None else None
    return Finding(path, Trap(code, message, expected, todo), shown, **more)


def resolve_options(service: Service, written: Mapping[str, Any]) -> Options:
    """Return all options with their defaults, tables as lists of rows with every column, as roles get them."""
    options: Options = {}
    for name, option in service.options.items():
        value = written.get(name, option.default)
        if option.type == "table":
            options[name] = [
                {key: _plain(row.get(key, column.default)) for key, column in option.columns.items()}
                for row in value or ()
            ]
        else:
            options[name] = _plain(value)
    return options


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
