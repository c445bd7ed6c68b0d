"""The results as JUnit XML, for programs that collect test results.

Not reached and not run are errors there: a collector that knows only JUnit must not take them for success.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from smartcommune.text import Language
    from smartcommune.verify.results import CheckResult, Verification

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
_ELEMENTS = {"failed": "failure", "skipped": "skipped", "not_reached": "error", "not_run": "error"}


def render_junit(seen: Verification, language: Language = "en") -> bytes:
    """Return one test suite a host, one test case a planned check."""
    root = ET.Element("testsuites", name="smartcommune", time=f"{seen.seconds:.3f}")
    for host in seen.hosts:
        results = [result for result in seen.results if result.check.host == host.name]
        elements = [_ELEMENTS.get(result.state) for result in results]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=host.name,
            timestamp=seen.started,
            tests=str(len(results)),
            failures=str(elements.count("failure")),
            errors=str(elements.count("error")),
            skipped=str(elements.count("skipped")),
            time=f"{sum(result.seconds for result in results):.3f}",
        )
        for result in results:
            _case(suite, result, language)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ET.Element, result: CheckResult, language: Language) -> None:
    check = result.check
    name = _clean(f"{check.title.get(language)} ({check.id.rpartition('/')[2]})")
    case = ET.SubElement(
        suite, "testcase", classname=f"{check.host}.{check.service}", name=name, time=f"{result.seconds:.3f}"
    )
    if tag := _ELEMENTS.get(result.state):
        message = _clean(result.reason_text.get(language) or result.state)
        ET.SubElement(case, tag, type=result.state, message=message).text = _clean(result.detail)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
