"""Rules of a role's own: told with the line of the value, and what they derive reaches the role with its reason."""

from __future__ import annotations

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.catalogue.rules import resolve_options
from smartcommune.site.explain import explain
from tests.unit.small_commune import SmallCommune

ROLES = {
    "pumps": """
component: infrastructure
options:
  power: {type: integer, default: 10, example: 10, title: NOTE, description: NOTE}
  wells:
    type: table
    key: id
    title: NOTE
    description: NOTE
    example: [{id: a}]
    columns:
      id: {type: string, example: a, title: NOTE, description: NOTE}
      draws: {type: integer, default: 4, example: 4, title: NOTE, description: NOTE}
      pipes: {type: list, example: [x], title: NOTE, description: NOTE}
""",
}
RULES = '''
"""Wells draw no more than there is."""
from smartcommune.catalogue.rules import finding

def check(options):
    left = options["power"]
    for index, well in enumerate(options["wells"]):
        left -= well["draws"]
        if left < 0:
            texts = ("quá nhiều", "too much"), ("ít hơn", "less"), ("bớt đi", "draw less")
            yield finding(("wells", index, "draws"), "too-much", *texts, related=(("power",),))

def derive(options):
    return {"sum": sum(well["draws"] for well in options["wells"]),
            "plan": {well["id"]: well["draws"] for well in options["wells"]}}
'''
PROFILE = """\
schema: 1
commune: {code: "01969", name: Phủ Thông}
link: {down: 30 Mbit/s, up: 10 Mbit/s, rtt: 60 ms}
hosts:
  server-1: {kind: server, site: ubnd}
components:
  infrastructure:
    pumps:
      power: 9
      wells:
        - {id: a, pipes: [x, y]}
        - {id: b, draws: 5}
"""


@pytest.fixture
def commune(tmp_path):
    """A commune with two wells, and a role that knows how much they may draw."""
    made = SmallCommune(tmp_path, ROLES, PROFILE)
    (tmp_path / "roles" / "pumps" / "rules.py").write_text(RULES, encoding="utf-8")
    made.catalogue = load_catalogue(tmp_path / "roles")
    return made


def test_a_finding_has_the_line_of_its_value(commune):
    """The role says where and why; file, line, key, what was found and the other place come from the toolkit."""
    (fault,) = commune.faults(("draws: 5", "draws: 6"))

    assert (fault.line, fault.key, fault.code) == (12, "components.infrastructure.pumps.wells[1].draws", "too-much")
    assert (fault.found.en, fault.todo.vi) == ("6", "bớt đi")
    assert [other.line for other in fault.related] == [9]


def test_a_value_left_out_is_told_at_its_row(commune):
    """A default that does not fit stands nowhere; its row does."""
    faults = commune.faults(("power: 9", "power: 3"))

    assert [(fault.line, fault.found.en) for fault in faults] == [(11, "nothing"), (12, "5")]


def test_rules_are_asked_of_valid_options_only(commune):
    """What is wrong by the schema is told alone: rules may trust the types."""
    faults = commune.faults(("draws: 5", "draws: many"))

    assert [fault.code for fault in faults] == ["wrong-option"]


def test_what_follows_reaches_the_role_and_is_explained(commune):
    """Derived values are the role's variables; each says which choice and which rules made it."""
    site = commune.build()
    options = site.host("server-1").service("pumps").options
    derived = {item.subject: item for item in explain(site) if item.kind == "setting" and item.origin == "derived"}

    assert (options["sum"], options["plan"]) == (9, {"a": 4, "b": 5})
    assert derived["pumps.plan.b"].value == 5
    assert [(source.line, source.key) for source in derived["pumps.sum"].sources] == [
        (8, "components.infrastructure.pumps"),
        (1, "derive"),
    ]


def test_options_are_resolved_as_roles_get_them(commune):
    """Every column is there, lists are lists."""
    resolved = resolve_options(commune.catalogue["pumps"], {"wells": ({"id": "a", "pipes": ("x",)},)})

    assert resolved == {"power": 10, "wells": [{"id": "a", "draws": 4, "pipes": ["x"]}]}


def test_a_role_may_have_one_of_the_two(commune, tmp_path):
    """Rules that only check derive nothing."""
    (tmp_path / "roles" / "pumps" / "rules.py").write_text("def check(options):\n    return []\n", encoding="utf-8")
    commune.catalogue = load_catalogue(tmp_path / "roles")

    assert set(commune.build().host("server-1").service("pumps").options) == {"power", "wells"}
