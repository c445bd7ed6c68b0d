"""Loading the catalogue: places, faults, and what entries must agree on."""

from __future__ import annotations

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.errors import CatalogueErrors

ENTRY = """\
name: {name}
component: {component}
title: {{vi: Thử, en: Trial}}
purpose: {{vi: Để thử, en: For a trial}}
"""


def write(roles, name, text="", component="foundation"):
    """Write one role's entry."""
    (roles / name / "meta").mkdir(parents=True)
    entry = ENTRY.format(name=name, component=component) + text
    (roles / name / "meta" / "service.yml").write_text(entry, encoding="utf-8")


def faults_of(roles):
    """Return (file, line, code) of each fault."""
    with pytest.raises(CatalogueErrors) as caught:
        load_catalogue(roles)
    return [(fault.file.split("/")[-3], fault.line, fault.code) for fault in caught.value.errors]


def test_each_key_of_the_shipped_catalogue_has_a_place():
    """The roles' entries load, and a port's line is the one in the role's file."""
    catalogue = load_catalogue()
    position = catalogue.position("base", ("ports", 0, "port"))

    assert {"base", "internal_ca", "postgresql", "reverse_proxy"} <= catalogue.keys()
    assert position.file == "roles/base/meta/service.yml"
    assert position.line > 1


def test_folders_without_an_entry_are_no_services(tmp_path):
    """A building block without an entry is not in the catalogue."""
    (tmp_path / "python_app" / "tasks").mkdir(parents=True)
    write(tmp_path, "one")

    assert list(load_catalogue(tmp_path)) == ["one"]


def test_faults_of_all_entries_are_told_at_once(tmp_path):
    """Each broken entry is told with its line."""
    write(tmp_path, "one", "prts: []\n")
    write(tmp_path, "two", "memory: lots\n")

    assert faults_of(tmp_path) == [("one", 5, "unknown-key"), ("two", 5, "wrong-value")]


def test_an_entry_is_named_after_its_role(tmp_path):
    """The service's name is its role's name."""
    write(tmp_path, "one")
    (tmp_path / "one").rename(tmp_path / "other")

    assert faults_of(tmp_path) == [("other", 1, "role-name")]


@pytest.mark.parametrize(
    "text",
    ["provides: [database]\n", "endpoints: [{name: x, title: {vi: a, en: a}, description: {vi: a, en: a}}]\n"],
)
def test_capabilities_and_endpoints_have_one_owner(text, tmp_path):
    """Two services that provide the same, or want the same name, are told at the second one."""
    write(tmp_path, "one", text)
    write(tmp_path, "two", text)

    assert faults_of(tmp_path) == [("two", 5, "two-owners")]


def test_a_requirement_needs_a_provider(tmp_path):
    """What nothing provides cannot be required."""
    write(tmp_path, "one", "requires: [{capability: databse}]\n")
    write(tmp_path, "two", "provides: [database]\n")

    assert faults_of(tmp_path) == [("one", 5, "no-provider")]


def test_an_option_is_set_together_with_options_there_are(tmp_path):
    """A needed option that the service does not have is told, with the near miss."""
    note = "title: {vi: a, en: a}, description: {vi: a, en: a}, example: x"
    options = f"options:\n  bank: {{type: string, {note}, needs: [acount]}}\n  account: {{type: string, {note}}}\n"
    write(tmp_path, "one", options)

    assert faults_of(tmp_path) == [("one", 6, "no-option")]


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("type: table, example: []", "no-columns"),
        ("type: table, example: [], columns: {a: {type: string, NOTE}}, key: b", "no-key"),
        ("type: table, example: [], columns: {a: {type: table, NOTE}}", "nested-table"),
        ("type: table, example: [{b: x}], columns: {a: {type: string, NOTE}}", "wrong-row"),
        ("type: table, example: [{}], columns: {a: {type: string, NOTE}}, key: a", "wrong-row"),
        ("type: table, example: [{a: 1}], columns: {a: {type: string, NOTE}}", "wrong-option"),
        ("type: string, example: x, key: a", "no-table"),
        ("type: boolean, example: true, values: [1, 2]", "no-choice"),
        ("type: string, example: c, values: [a, b]", "wrong-option"),
        ("type: string, example: a, default: c, values: [a, b]", "wrong-option"),
        ("type: number, example: 0.5, minimum: 1", "wrong-option"),
        ("type: integer, example: 0.5", "wrong-option"),
    ],
)
def test_an_option_is_of_one_mind_with_itself(option, code, tmp_path):
    """Columns, keys, choices, examples and defaults of an option fit each other, each told at the option's line."""
    note = "title: {vi: a, en: a}, description: {vi: a, en: a}"
    option = option.replace("NOTE", f"{note}, example: x")
    write(tmp_path, "one", f"options:\n  bank: {{{note}, {option}}}\n")

    assert ("one", 6, code) in faults_of(tmp_path)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("accompanies: two", "unknown-service"),
        ("accompanies: one", "unknown-service"),
        ("transit: [{from: [office, wifi], to: wifi, purpose: {vi: a, en: a}}]", "same-zone"),
        ("transit: [{from: [ofice], to: wan, purpose: {vi: a, en: a}}]", "not-in-list"),
        ("transit: [{from: [office], to: mars, purpose: {vi: a, en: a}}]", "not-in-list"),
        ("transit: [{from: [], to: wan, purpose: {vi: a, en: a}}]", "wrong-value"),
        ("egress: [{peer: moon, port: 1, purpose: {vi: a, en: a}}]", "not-in-list"),
        ("firewall_tables: [filter]", "wrong-value"),
        ("data: [{name: x, sensitivity: public, description: {vi: a, en: a}, save: [{file: a}]}]", "no-step"),
        (
            "data: [{name: x, sensitivity: public, description: {vi: a, en: a}, save: [{path: /a, take: /b}]}]",
            "no-step",
        ),
        (
            "data: [{name: x, sensitivity: public, description: {vi: a, en: a}, save: [{path: /a, each: web}]}]",
            "not-provided",
        ),
        (
            (
                "endpoints: [{name: x, socket: /run/x, fastcgi: {socket: /run/y, root: /srv}, title: {vi: a, en: a}, "
                "description: {vi: a, en: a}}]"
            ),
            "two-sockets",
        ),
    ],
)
def test_an_entry_says_what_can_be(text, code, tmp_path):
    """Unknown zones, peers and services, flows within a zone, foreign tables, steps that save nothing are told."""
    write(tmp_path, "one", f"{text}\n")

    assert faults_of(tmp_path) == [("one", 5, code)]


def test_a_firewall_table_has_one_owner(tmp_path):
    """Two services that load one table would undo each other."""
    write(tmp_path, "one", "firewall_tables: [commune_gateway]\n")
    write(tmp_path, "two", "firewall_tables: [commune_gateway]\n")

    assert faults_of(tmp_path) == [("two", 5, "two-owners")]
