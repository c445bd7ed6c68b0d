"""What the role readings writes on a commune's server: settings, the broker's rules, units; and what gateways learn."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from smartcommune.converge.inventory import build
from smartcommune.site import load_site
from smartcommune.targets.outputs import HostOutput, KeyPair, Outputs
from tests.unit.readings_app import ROLE, load

TEMPLATES = sorted(path for path in (ROLE / "templates").rglob("*.j2"))


@pytest.fixture(scope="module")
def inventory():
    """Host variables of Vinh Hưng."""
    site = load_site("vinh-hung", "lab")
    outputs = Outputs(
        hosts={host.name: HostOutput(host.name, host.address, 22, "commune", "ssh-ed25519 A") for host in site.hosts},
        secrets={need.id: f"canary-{need.id}" for need in site.secrets},
        ssh=KeyPair("ssh-ed25519 PUBLIC", "PRIVATE"),
        ca_certificate="ROOT",
        authorities={},
    )
    return build(site, outputs)["_meta"]["hostvars"]


@pytest.fixture(scope="module")
def server(inventory):
    """The variables of the server that takes the readings."""
    (found,) = [each for each in inventory.values() if "readings" in each["commune_services"]]
    return found


def render(variables, text):
    """Evaluate a template of the role with a host's variables; no filter of Ansible's own is replaced."""
    filters = load("filter_plugins/readings_settings.py")
    words = {**variables, "ansible_managed": "ours", "role_path": str(ROLE)}
    for folder in ("defaults", "vars"):
        for name, value in yaml.safe_load((ROLE / folder / "main.yml").read_text(encoding="utf-8")).items():
            words.setdefault(name, trust_as_template(value) if isinstance(value, str) else value)
    made = filters.readings_settings(
        variables["readings_grants"], str(ROLE.parent / "sensor_gateway/files"), variables["commune_host"]["fqdn"]
    )
    words["__readings_compiled"] = made
    return Templar(loader=DataLoader(), variables=words).template(trust_as_template(text))


def test_a_gateway_brings_its_server_along(inventory, server):
    """Who chooses a sensor gateway gets the readings, and the gateway learns where they are taken."""
    (gateway,) = [each for each in inventory.values() if "sensor_gateway" in each["commune_services"]]

    assert gateway["sensor_gateway_readings"]["fqdn"] == server["commune_host"]["fqdn"]
    assert server["readings_grants"][0]["consumer_fqdn"] == gateway["commune_host"]["fqdn"]
    assert [each["needs"] for each in server["postgresql_grants"] if each["consumer"] == "readings"] == [
        {"extensions": ["timescaledb"]}
    ]
    ports = {(rule["port"], rule["protocol"]) for rule in server["commune_host"]["inbound"]}
    assert (8883, "tcp") in ports


def test_settings_know_each_sensor(server):
    """Each sensor of the profile has rules, its gateway and its place; the check's own sensor is marked."""
    settings = render(server, "{{ __readings_settings }}")
    declared = {row["id"]: row for row in server["readings_grants"][0]["options"]["sensors"]}

    assert set(settings["sensors"]) == {*declared, "kiem-tra"}
    assert all(each["gateway"] and each["quantities"] for each in settings["sensors"].values())
    assert settings["sensors"]["ao-1-oxy"]["quantities"]["dissolved_oxygen"]["minimum"] == 3.5
    assert settings["page"].startswith("quan-trac.")
    assert settings["database"]["host"] == "/run/postgresql"
    assert json.dumps(settings)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("local", [True, False], ids=["database here", "database elsewhere"])
def test_templates_render(server, path, local):
    """Every template renders, whether the database is on this machine or not; no secret stands in any."""
    variables = {**server, "readings_database": {**server["readings_database"], "local": local, "password": "canary"}}
    text = render(variables, path.read_text(encoding="utf-8"))

    assert "canary" not in text
    assert "{{" not in text
    if path.name.startswith("readings") and path.name.endswith(".service.j2"):
        assert ("LoadCredential=" in text) == (not local)
        assert "NoNewPrivileges=true" in text


def test_broker_knows_gateways_alone(server):
    """Accounts are the server's own and the gateways'; each gateway's topics are its own."""
    rules = render(server, (ROLE / "templates/etc/mosquitto/commune.acl.j2").read_text(encoding="utf-8"))
    gateway = server["readings_grants"][0]["consumer_fqdn"]

    assert re.findall(r"^user (.*)$", rules, re.MULTILINE) == [server["commune_host"]["fqdn"], gateway]
    assert not re.search(r"^(topic|pattern)", rules.split("user")[0], re.MULTILINE)
    own = rules.split(f"user {gateway}\n")[1].split()
    assert [word for word in own if "/" in word] == [
        f"readings/{gateway}",
        f"status/{gateway}",
        f"status/{gateway}/#",
        f"acknowledged/{gateway}",
    ]


def test_files_of_the_program_are_all_written():
    """The role lays down every module and the tables' description."""
    folder = ROLE / "files/app/readings_server"
    files = load("filter_plugins/readings_settings.py").python_files(str(folder), "/opt/x")

    assert set(files) == {f"/opt/x/{path.name}" for path in folder.iterdir() if path.is_file()}
