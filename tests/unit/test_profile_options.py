"""Options of services as profiles write them: numbers, choices, hosts, tables, several machines; and their schema."""

from __future__ import annotations

import jsonschema
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartcommune.document.composer import compose
from smartcommune.profile.schema import export
from tests.unit.small_commune import SmallCommune

ROLES = {
    "sensors": """
component: infrastructure
kinds: [gateway, server]
spread: true
options:
  period: {type: number, default: 15, minimum: 0.5, maximum: 60, example: 15, title: NOTE, description: NOTE}
  mode: {type: string, default: push, values: [push, pull], example: pull, title: NOTE, description: NOTE}
  zones: {type: list, default: [wifi], values: [wifi, sensor], example: [wifi], title: NOTE, description: NOTE}
  peer: {type: host, example: server-1, title: NOTE, description: NOTE}
  probes:
    type: table
    key: id
    title: NOTE
    description: NOTE
    example: [{id: ao-1, unit: mg/L}]
    columns:
      id: {type: string, pattern: "[A-Za-z0-9-]+", example: ao-1, title: NOTE, description: NOTE}
      unit: {type: string, required: true, values: [mg/L, pH], example: pH, title: NOTE, description: NOTE}
      factor: {type: number, default: 1, minimum: 0, example: 1.5, title: NOTE, description: NOTE}
      place: {type: host, example: gateway-1, title: NOTE, description: NOTE}
      picture: {type: file, example: a.txt, title: NOTE, description: NOTE}
      live: {type: boolean, default: true, example: true, title: NOTE, description: NOTE}
""",
    "agent": "component: infrastructure\nkinds: [server, gateway]\naccompanies: sensors\n",
    "single": "component: infrastructure\n",
}
PROFILE = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts:
  server-1: {kind: server, site: ubnd}
  gateway-1: {kind: gateway, site: ubnd}
  gateway-2: {kind: gateway, site: ubnd}
components:
  infrastructure:
    sensors:
      host: [gateway-1, gateway-2]
      period: 2.5
      mode: pull
      zones: [sensor]
      peer: server-1
      probes:
        - {id: ao-1, unit: mg/L, factor: 2}
        - {id: ao-2, unit: pH, place: gateway-2, picture: a.txt, live: false}
"""


@pytest.fixture
def commune(tmp_path):
    """A commune with a table of probes on two gateways, and a file beside its profile."""
    (tmp_path / "a.txt").write_text("x\n", encoding="utf-8")
    return SmallCommune(tmp_path, ROLES, PROFILE)


def test_rows_reach_the_role_with_every_column(commune, tmp_path):
    """What a row leaves out is the column's default or nothing; files come with their digest."""
    service = commune.build().host("gateway-1").service("sensors")

    assert service.options["probes"] == [
        {"id": "ao-1", "unit": "mg/L", "factor": 2, "place": None, "picture": None, "live": True},
        {
            "id": "ao-2",
            "unit": "pH",
            "factor": 1,
            "place": "gateway-2",
            "picture": str(tmp_path / "a.txt"),
            "live": False,
        },
    ]
    assert list(service.files) == ["probes.1.picture"]
    assert (service.options["period"], service.options["zones"]) == (2.5, ["sensor"])


def test_a_table_left_out_is_empty(commune):
    """A role always gets a list."""
    site = commune.build((PROFILE[PROFILE.index("      probes:") :], ""))

    assert site.host("gateway-2").service("sensors").options["probes"] == []


def test_a_spread_service_stands_on_each_host_with_the_same_options(commune):
    """Two machines, one set of options; what accompanies it is on every machine of its kinds."""
    site = commune.build()
    one, two = (site.host(name).service("sensors") for name in ("gateway-1", "gateway-2"))

    assert one.options == two.options
    assert [host.name for host in site.hosts if "agent" in {each.name for each in host.services}] == [
        "server-1",
        "gateway-1",
        "gateway-2",
    ]


def test_each_row_has_its_line(commune):
    """A value of a table is explained row by row."""
    rows = {
        setting.key: setting.sources[0].line
        for setting in commune.build().settings
        if setting.key.startswith("sensors.probes.")
    }

    assert rows == {"sensors.probes.ao-1": 17, "sensors.probes.ao-2": 18}


@pytest.mark.parametrize(
    ("edit", "line", "code", "suggestion"),
    [
        (("period: 2.5", "period: 0.1"), 12, "wrong-option", None),
        (("period: 2.5", "period: .inf"), 12, "wrong-option", None),
        (("period: 2.5", "period: true"), 12, "wrong-option", None),
        (("period: 2.5", 'period: "2.5"'), 12, "wrong-option", None),
        (("mode: pull", "mode: pul"), 13, "not-in-list", "pull"),
        (("zones: [sensor]", "zones: [senso]"), 14, "not-in-list", "sensor"),
        (("peer: server-1", "peer: sever-1"), 15, "unknown-host", "server-1"),
        (("factor: 2}", "factor: -1}"), 17, "wrong-option", None),
        (("factor: 2}", "facter: 2}"), 17, "unknown-key", "factor"),
        (("unit: mg/L", "unti: mg/L"), 17, "unknown-key", "unit"),
        (("unit: mg/L, ", ""), 17, "missing-option", None),
        (("{id: ao-1, ", "{"), 17, "missing-option", None),
        (("id: ao-1", "id: 1"), 17, "wrong-option", '"1"'),
        (("unit: mg/L", "unit: mg/l"), 17, "not-in-list", "mg/L"),
        (("id: ao-2", "id: ao-1"), 18, "row-twice", None),
        (("place: gateway-2", "place: gateway-3"), 18, "unknown-host", "gateway-2"),
        (("picture: a.txt", "picture: b.txt"), 18, "file", "a.txt"),
        (("live: false", "live: no"), 18, "wrong-option", None),
        (("- {id: ao-1, unit: mg/L, factor: 2}", "- ao-1"), 17, "wrong-option", None),
        (("host: [gateway-1, gateway-2]", "host: [gateway-1, gateway-1]"), 11, "host-twice", None),
        (("host: [gateway-1, gateway-2]", "host: [gateway-1, gatway-2]"), 11, "unknown-host", "gateway-2"),
        (("host: [gateway-1, gateway-2]", "host: []"), 11, "wrong-option", None),
        (("    sensors:", "    single: {host: [server-1]}\n    sensors:"), 10, "wrong-option", None),
    ],
)
def test_what_is_wrong_is_told_at_its_line(edit, line, code, suggestion, commune):
    """One fault each, with the line of the row, and the near miss where there is one."""
    (fault,) = commune.faults(edit)

    assert (fault.line, fault.code) == (line, code)
    assert suggestion is None or fault.suggestion == suggestion


def test_a_service_that_may_not_stand_there_is_told_with_the_list_entry(commune):
    """Each machine of a list is of a kind that the service runs on."""
    (fault,) = commune.faults(("    sensors:", "    single: {host: gateway-1}\n    sensors:"))

    assert (fault.code, fault.line) == ("no-host", 10)


@pytest.mark.parametrize(
    ("edit", "valid"),
    [
        (("schema: 1", "schema: 1"), True),
        (("mode: pull", "mode: pul"), False),
        (("zones: [sensor]", "zones: [office]"), False),
        (("period: 2.5", "period: 100"), False),
        (("unit: mg/L, ", ""), False),
        (("{id: ao-1, ", "{"), False),
        (("factor: 2}", "facter: 2}"), False),
        (("host: [gateway-1, gateway-2]", "host: gateway-1"), True),
        (("host: [gateway-1, gateway-2]", "host: []"), False),
    ],
)
def test_the_schema_is_of_one_mind_with_the_loader(edit, valid, commune):
    """Editors mark in tables what the loader refuses."""
    validator = jsonschema.Draft202012Validator(orjson.loads(orjson.dumps(export(commune.catalogue))))
    data = orjson.loads(orjson.dumps(compose(PROFILE.replace(*edit), "profile").data))

    assert validator.is_valid(data) is valid


NAMES = ["pH", "ao-1", "gateway-1"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.floats() | st.sampled_from([*NAMES, "", "é"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "unit", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES | st.lists(st.fixed_dictionaries({"id": st.sampled_from(NAMES), "unit": st.just("pH")}), max_size=3))
def test_whatever_stands_for_a_table_is_a_table_or_a_fault(commune, value):
    """Any value instead of the rows is taken or refused with its place; nothing else is raised."""
    edit = (PROFILE[PROFILE.index("probes:") :], f"probes: {orjson.dumps(value).decode()}\n")
    taken = isinstance(value, list) and all(map(is_row, value)) and len({row["id"] for row in value}) == len(value)

    if taken:
        options = commune.build(edit).host("gateway-1").service("sensors").options
        assert [row["id"] for row in options["probes"]] == [row["id"] for row in value]
    else:
        assert {fault.line for fault in commune.faults(edit)} == {16}


def is_row(value):
    """Tell whether a value is a row that the table of this module takes."""
    return isinstance(value, dict) and value.keys() == {"id", "unit"} and value["unit"] == "pH" and value["id"] in NAMES
