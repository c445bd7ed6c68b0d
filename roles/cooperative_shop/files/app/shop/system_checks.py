"""What ``manage.py check`` looks at beside Django's own: that the shop's corrections still meet what they correct."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import oscar
from django.core.checks import Warning as CheckWarning
from django.core.checks import register

from shop.template_loader import MAIN, REPLACEMENTS


@register()
def corrections_are_needed(**_: Any) -> list[CheckWarning]:
    """Name each text that no template of Oscar holds any more: an upgrade changed it, or put it right."""
    templates = Path(oscar.__file__).parent / "templates"
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(templates.rglob("*.html")))
    return [
        CheckWarning(f"no template of Oscar holds {old!r}", hint="look at shop/template_loader.py", id="shop.W001")
        for old in REPLACEMENTS | MAIN
        if old not in texts
    ]
