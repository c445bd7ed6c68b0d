"""The report of a commune that was just applied."""

from __future__ import annotations


def test_every_planned_check_was_seen_to_pass(commune):
    """All hosts were reached, and each check passed or says why it was skipped."""
    results = commune.report["seen"]["results"]

    assert (
        commune.report["summary"]["hosts_reached"]
        == commune.report["summary"]["hosts_planned"]
        == len(commune.site.hosts)
    )
    assert {result["state"] for result in results} <= {"passed", "skipped"}
    assert all(result["reason"] for result in results if result["state"] == "skipped")


def test_every_service_has_checks_and_every_endpoint_a_flow(commune):
    """Each placed service was checked on its host, and each service with a web address also as its user would."""
    checks = [result["check"] for result in commune.report["seen"]["results"]]
    placed = {(host.name, service.name) for host in commune.site.hosts for service in host.services}
    flows = {check["service"] for check in checks if check["kind"] == "flow"}

    assert {(check["host"], check["service"]) for check in checks} == placed
    assert {endpoint.service for endpoint in commune.site.endpoints} <= flows
