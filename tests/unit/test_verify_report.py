"""The report: what it counts, what it admits not to have seen, and that its three files can be trusted."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from smartcommune.text import Text
from smartcommune.verify.report import LAST_CHECKED, load_last_checked, load_report, write_report
from smartcommune.verify.report.build import build_report
from smartcommune.verify.report.html import duration, render_html
from smartcommune.verify.report.junit import render_junit
from smartcommune.verify.report.models import json_schema
from smartcommune.verify.results import HostReach
from tests.unit import report_sample as sample

MADE = "2026-11-24T11:10:30+00:00"


@pytest.fixture(scope="module")
def report():
    """A report with results in every state."""
    return build_report(sample.site(), sample.catalogue(), sample.stages(), sample.verification(), MADE)


class _Text(HTMLParser):
    """Collects visible text of one language, tags and attributes."""

    def __init__(self, hidden: str) -> None:
        super().__init__()
        self.hidden, self.stack, self.text, self.attributes = hidden, [], "", []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in ("meta", "br", "link", "img"):
            self.stack.append((tag, dict(attrs).get("lang") if tag != "html" else None))

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        if not any(tag in ("style", "script", "title") or lang == self.hidden for tag, lang in self.stack):
            self.text += data


def _page(html: str, hidden: str) -> _Text:
    parser = _Text(hidden)
    parser.feed(html)
    assert parser.stack == []
    return parser


@pytest.mark.parametrize(
    ("hidden", "line"),
    [
        ("en", "Đã kết nối 1/2 máy; 4/7 kiểm tra đã định có kết quả."),
        ("vi", "1 of 2 hosts reached; 4 of 7 planned checks have a result."),
    ],
)
def test_first_line_counts_hosts_and_checks(report, hidden, line):
    """The first line after the skip link says how much was reached and how much has a result."""
    lines = [text.strip() for text in _page(render_html(report), hidden).text.splitlines() if text.strip()]

    assert lines[1] == line


def test_page_needs_nothing_from_elsewhere(report):
    """No address is loaded, and the page's own policy forbids it too."""
    html = render_html(report)
    page = _page(html, "en")

    assert "default-src 'none'" in html
    assert not [value for name, value in page.attributes if name in ("src", "srcset", "data", "action")]
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    assert "url(" not in html
    assert "@import" not in html


def test_captured_output_cannot_become_page_or_control(report):
    """What a host printed is shown as text, without colours and control characters."""
    html = render_html(report)

    assert "&lt;script&gt;alert(" in html
    assert "<script>alert" not in html
    assert "\x1b" not in html


@pytest.mark.parametrize("word", ["compliant", "đạt chuẩn:", "certified"])
def test_page_claims_no_compliance(report, word):
    """The page speaks of automated evidence."""
    html = render_html(report).lower()

    assert word not in html
    assert "automated evidence" in html
    assert "bằng chứng tự động" in html


def test_what_was_not_seen_is_listed(report):
    """Hosts not reached, checks skipped or not run, and the limits of a machine each stand in the list."""
    subjects = [item.subject.en for item in report.not_seen]

    assert subjects == [
        "gateway-1: not reached (1 checks)",
        "A backup exists (not run)",
        "Mail is delivered (skipped)",
        "Real devices, the real link and radio",
        "What people do",
    ]


def test_a_service_without_checks_is_not_seen():
    """A placed service that no check was planned for is named."""
    seen = sample.verification()
    fewer = seen.model_copy(update={"results": tuple(r for r in seen.results if r.check.service != "postgresql")})

    report = build_report(sample.site(), sample.catalogue(), (), fewer, MADE)

    assert ("server-1", "postgresql") in [(item.host, item.service) for item in report.not_seen]


def test_a_report_without_checks_says_so():
    """Without a verification everything is unseen, and the page still renders."""
    report = build_report(sample.site("existing"), sample.catalogue(), (), None, MADE)

    assert report.summary.checks_planned == 0
    assert report.not_seen[0].reason.en == "no check was run"
    assert "The checks were not run this time." in render_html(report)
    assert "0 of 0" not in render_html(report)


def test_a_report_without_checks_does_not_take_the_place_of_results(report, tmp_path):
    """The last results are kept aside, are pointed to, and go when there are new ones."""
    write_report(report, tmp_path)
    last = load_last_checked(tmp_path)
    empty = build_report(sample.site(), sample.catalogue(), (), None, MADE, last_checked=last.generated)
    files = write_report(empty, tmp_path)
    write_report(empty, tmp_path)

    assert load_report(tmp_path).seen is None
    assert load_last_checked(tmp_path) == report == load_report(tmp_path / LAST_CHECKED)
    assert (tmp_path / LAST_CHECKED / "junit.xml").exists()
    assert 'href="last-checked/index.html"' in files.html.read_text(encoding="utf-8")

    write_report(report, tmp_path)
    assert not (tmp_path / LAST_CHECKED).exists()


def test_a_host_that_was_not_reached_is_told_once(report):
    """Its services are not told again one by one."""
    lost = HostReach(name="gateway-1", reached=False, reason=Text(vi="tắt", en="off"))
    seen = sample.verification()
    kept = tuple(result for result in seen.results if result.check.host != "gateway-1")
    seen = seen.model_copy(update={"hosts": (seen.hosts[0], lost), "results": kept})
    told = build_report(sample.site(), sample.catalogue(), (), seen, MADE).not_seen

    assert [item.subject.en for item in told if item.host == "gateway-1"] == ["gateway-1: not reached"]


def test_json_matches_the_exported_schema(report, tmp_path):
    """report.json is valid by the schema that others read, and loads back to the same report."""
    files = write_report(report, tmp_path)
    schema = json_schema()
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema).validate(json.loads(files.json.read_text(encoding="utf-8")))
    assert load_report(tmp_path) == report


def test_junit_counts_unseen_as_errors(report):
    """A collector that knows only JUnit does not take unreached and unrun checks for success."""
    root = ET.fromstring(render_junit(report.seen))
    suites = {suite.get("name"): suite for suite in root}

    server, gateway = suites["server-1"], suites["gateway-1"]
    assert [server.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "1", "1", "1"]
    assert [gateway.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["1", "0", "1", "0"]
    assert "Journal" in server.find(".//failure").text


@pytest.mark.parametrize(
    ("seconds", "english"), [(0.25, "0.2 s"), (9.96, "10.0 s"), (59.6, "1 min 00 s"), (61, "1 min 01 s")]
)
def test_durations_read_well(seconds, english):
    """Times are written as people write them."""
    assert re.search(r'lang="en">(.*?)<', duration(seconds))[1] == english


def test_a_skip_may_say_why_in_both_languages():
    """Vietnamese and English around a bar are told apart; what a failure says is left alone."""
    skipped = next(result for result in sample.verification().results if result.state == "skipped")
    both = skipped.model_copy(update={"reason": "không có camera | no camera"})

    assert (both.reason_text.vi, both.reason_text.en) == ("không có camera", "no camera")
    assert both.model_copy(update={"state": "failed"}).reason_text.vi == "không có camera | no camera"
