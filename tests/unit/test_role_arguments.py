"""What the inventory hands to a role is what the role's argument specs take: Ansible would refuse it on the host."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from smartcommune import paths
from smartcommune.converge.inventory import build
from smartcommune.site import load_site
from smartcommune.targets.outputs import Authority, HostOutput, KeyPair, Outputs
from smartcommune.targets.pki import issue_root

AUTHORITY = issue_root("issuing CA", "Xã", now=datetime(2026, 11, 25, tzinfo=UTC)).certificate
PROFILES = sorted(path.stem for path in paths.checkout().glob("commune_profiles/*.yml"))


def host_variables(profile: str) -> dict[str, dict[str, Any]]:
    """Return the variables of a pilot's hosts, with outputs of machines that stand nowhere."""
    site = load_site(profile, "lab")
    outputs = Outputs(
        hosts={host.name: HostOutput(host.name, host.address, 22, "commune", "ssh-ed25519 A") for host in site.hosts},
        secrets={need.id: "x" for need in site.secrets},
        ssh=KeyPair("ssh-ed25519 PUBLIC", "KEY"),
        ca_certificate="ROOT",
        authorities={host.name: Authority(AUTHORITY, "KEY") for host in site.hosts},
    )
    variables: dict[str, dict[str, Any]] = build(site, outputs)["_meta"]["hostvars"]
    return variables


def spec_of(role: Path) -> dict[str, Any]:
    """Return a role's argument specs without defaults: templates among them are known on the host only."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    return {name: each | {"default": None} for name, each in specs["main"].get("options", {}).items()}


@pytest.mark.parametrize("profile", PROFILES)
def test_roles_take_what_the_inventory_gives(profile: str) -> None:
    """No service of a pilot gets a variable, nor a word inside one, that its role does not know."""
    faults: dict[str, list[str]] = {}
    for host, variables in host_variables(profile).items():
        for service in variables["commune_services"]:
            spec = spec_of(paths.checkout() / "roles" / service)
            given = {name: value for name, value in variables.items() if name in spec}
            required = {name: each | {"required": False} for name, each in spec.items()}
            if errors := ArgumentSpecValidator(required).validate(given).error_messages:
                faults[f"{host} {service}"] = errors

    assert faults == {}


def test_an_unknown_word_is_found() -> None:
    """Positive control: a word that a role's specs lack is named."""
    spec = {"database": {"type": "dict", "options": {"name": {"type": "str"}}}}

    assert ArgumentSpecValidator(spec).validate({"database": {"name": "a", "fqdn": "b"}}).error_messages
