"""The report of a commune that was just applied."""

from __future__ import annotations

import json


def test_every_planned_check_was_seen_to_pass(commune):
    """All hosts were reached, and each check passed or says why it was skipped."""
    report = json.loads((commune.folder / "report" / "report.json").read_text(encoding="utf-8"))
    results = report["seen"]["results"]

    assert report["summary"]["hosts_reached"] == report["summary"]["hosts_planned"] == len(commune.site.hosts)
    assert {result["state"] for result in results} <= {"passed", "skipped"}
    assert all(result["reason"] for result in results if result["state"] == "skipped")


def test_every_service_has_checks_and_every_endpoint_a_flow(commune):
    """Each placed service was checked on its host, and each service with a web address also as its user would."""
    report = json.loads((commune.folder / "report" / "report.json").read_text(encoding="utf-8"))
    checks = [result["check"] for result in report["seen"]["results"]]
    placed = {(host.name, service.name) for host in commune.site.hosts for service in host.services}
    flows = {check["service"] for check in checks if check["kind"] == "flow"}

    assert {(check["host"], check["service"]) for check in checks} == placed
    assert {endpoint.service for endpoint in commune.site.endpoints} <= flows
