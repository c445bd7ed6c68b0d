"""Write the generated documents of this checkout."""

from __future__ import annotations

import sys
from pathlib import Path

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.cli.reference import render_reference
from smartcommune.docs.roles import load_role, render_readme
from smartcommune.profile import schema
from smartcommune.verify.report.models import json_schema_text


def render_documents(checkout: Path) -> dict[Path, str]:
    """Return every generated document with the text that it should have."""
    docs = checkout / "docs"
    documents = {
        docs / "cli.md": render_reference(),
        docs / "schema" / "profile.json": schema.render(schema.export(load_catalogue())),
        docs / "schema" / "report.json": json_schema_text(),
    }
    for folder in sorted((checkout / "roles").iterdir()):
        if (folder / "meta" / "argument_specs.yml").is_file():
            readme = folder / "README.md"
            existing = readme.read_text(encoding="utf-8") if readme.is_file() else ""
            documents[readme] = render_readme(load_role(folder), existing)
    return documents


def main() -> int:
    """Write what differs, and name it."""
    for path, text in render_documents(paths.checkout()).items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(paths.checkout())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
