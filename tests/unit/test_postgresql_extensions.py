"""Extensions that consumers ask for: the server's settings, its packages, and which databases are dumped."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from smartcommune import paths

ROLE = paths.checkout() / "roles" / "postgresql"
SHOP = {"capability": "database", "name": "shop", "consumer": "shop", "local": True, "needs": {}}
POND = {**SHOP, "name": "pond", "consumer": "pond", "needs": {"extensions": ["timescaledb"]}}
ODD = {**SHOP, "name": "odd", "consumer": "odd", "needs": {"extensions": ["abacus"]}}


def templar(*grants):
    """Return what evaluates the role's variables with these grants."""
    words = {"postgresql_grants": list(grants), "commune_host": {"address": "10.20.3.10"}, "ansible_managed": "ours"}
    text = "".join((ROLE / name / "main.yml").read_text(encoding="utf-8") for name in ("defaults", "vars"))
    for name, value in yaml.safe_load(text.replace("---\n", "")).items():
        words.setdefault(name, _trusted(value))
    return Templar(loader=DataLoader(), variables=words)


def _trusted(value):
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: _trusted(each) for key, each in value.items()}
    return [_trusted(each) for each in value] if isinstance(value, list) else value


def ask(name, *grants):
    """Return a variable of the role."""
    return templar(*grants).template(trust_as_template("{{ " + name + " }}"))


def configuration(*grants):
    """Return the server's settings as a dictionary."""
    text = (ROLE / "templates/etc/postgresql/17/main/postgresql.conf.j2").read_text(encoding="utf-8")
    rendered = templar(*grants).template(trust_as_template(text))
    return dict(re.findall(r"^([a-z_.]+) = '?(.*?)'?(?:  #.*)?$", rendered, re.MULTILINE))


def test_what_nobody_asked_for_is_not_loaded():
    """Without such a consumer there is no extension, and all databases are dumped."""
    assert "shared_preload_libraries" not in configuration(SHOP)
    assert ask("__postgresql_extension_packages", SHOP) == []
    assert [grant["name"] for grant in ask("__postgresql_dumped", SHOP)] == ["shop"]


def test_timescaledb_is_loaded_and_sends_nothing_out():
    """One consumer's extension is installed and loaded, in its free edition, without telemetry."""
    settings = configuration(SHOP, POND)

    assert settings["shared_preload_libraries"] == "timescaledb"
    assert settings["timescaledb.telemetry_level"] == "off"
    assert settings["timescaledb.license"] == "apache"
    wanted = ask("__postgresql_wanted", SHOP, POND)
    assert [(grant["name"], name) for grant, name in wanted] == [("pond", "timescaledb")]
    assert ask("__postgresql_extension_packages", SHOP, POND) == ["postgresql-17-timescaledb"]


def test_a_database_that_pg_dump_does_not_carry_is_its_consumers():
    """Dump and restore leave out what the consumer saves itself."""
    assert [grant["name"] for grant in ask("__postgresql_dumped", SHOP, POND)] == ["shop"]


@pytest.mark.parametrize(("grants", "unknown"), [((SHOP, POND), []), ((POND, ODD), ["abacus"])])
def test_unknown_extensions_are_named(grants, unknown):
    """The role refuses what it does not offer."""
    assert ask("__postgresql_asked | difference(__postgresql_extensions)", *grants) == unknown


def test_grants_without_needs_are_taken():
    """A grant that says nothing of needs asks for nothing."""
    plain = {key: value for key, value in SHOP.items() if key != "needs"}

    assert ask("__postgresql_asked", plain, {**SHOP, "needs": None}) == []
    assert ask("__postgresql_wanted", plain, {**SHOP, "needs": None}, SHOP) == []
    assert len(ask("__postgresql_dumped", plain, {**SHOP, "needs": None})) == 2
