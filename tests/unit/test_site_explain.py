"""Explaining the Site: by host, port, name, secret and value, with the lines that asked for each."""

from __future__ import annotations

import pytest

from smartcommune.errors import UsageError
from smartcommune.site import load_site
from smartcommune.site.explain import KINDS, explain


@pytest.fixture(scope="module")
def site():
    """The pilot that the demo shows."""
    return load_site("vi-huong")


def test_everything_is_explained(site):
    """Each kind of thing occurs, and each explanation names a line."""
    items = explain(site)

    assert {item.kind for item in items} == set(KINDS)
    assert all(item.sources for item in items)


def test_a_port_leads_to_role_and_profile(site):
    """Port 443 is there because of the reverse proxy, which is there because of the shop."""
    (item,) = explain(site, "443")

    files = [source.file for source in item.sources]
    assert files[0] == "roles/reverse_proxy/meta/service.yml"
    assert "commune_profiles/vi-huong.yml" in files


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("server-1", "host"),
        ("cooperative_shop", "grant"),
        ("cua-hang.phuthong.thainguyen.gov.vn", "name"),
        ("server-1/cooperative_shop/django_key", "secret"),
        ("django_key", "secret"),
        ("tcp/22", "inbound"),
        ("hosts.server-1", "setting"),
        ("domain", "setting"),
    ],
)
def test_things_are_found_by_what_people_call_them(what, kind, site):
    """Hosts, services, names, secrets, ports and keys of values are all ways to ask."""
    assert kind in {item.kind for item in explain(site, what)}


def test_an_unknown_thing_suggests_a_near_one(site):
    """A mistyped word is answered with the nearest one."""
    with pytest.raises(UsageError) as caught:
        explain(site, "sever-1")

    assert "server-1" in caught.value.todo.en
