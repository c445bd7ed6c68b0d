"""nftables as text: tables of a ruleset, what counts as a rule, and the scripts that go back."""

from __future__ import annotations

from tests.plugin_files import load_plugin

nft = load_plugin("module_utils", "nft_tables")
RULESET = """table inet commune {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t}
}
table ip other {
\tchain x {
\t}
}
"""
GUESTS = """table inet guests {
\tset known {
\t\ttype ipv4_addr
\t\tflags dynamic,timeout
\t\telements = { 10.0.0.1 timeout 1h,
\t\t\t     10.0.0.2 timeout 1h }
\t}

\tset servers {
\t\ttype ipv4_addr
\t\telements = { 10.0.1.1 }
\t}
}
"""


def test_a_ruleset_is_cut_into_its_tables():
    """A listing of the whole ruleset gives each table's own part, by family and name."""
    found = nft.tables("# Warning: a comment of nft\n" + RULESET)

    assert list(found) == ["inet commune", "ip other"]
    assert "".join(found.values()) == RULESET
    assert nft.tables("") == {}


def test_tables_of_others_are_compared_when_the_file_is_exclusive():
    """Only the change's own table is compared, unless no other may stand beside it but those that are named."""

    def names(**choice):
        return list(nft.concerned(RULESET, "inet commune", **choice))

    assert names(exclusive=False, keep=[]) == ["inet commune"]
    assert names(exclusive=True, keep=[]) == ["inet commune", "ip other"]
    assert names(exclusive=True, keep=["ip other"]) == ["inet commune"]


def test_elements_that_traffic_brought_are_no_rules():
    """A set that fills itself is compared without its elements, any other with them."""
    later = GUESTS.replace("10.0.0.1 timeout", "10.0.0.9 timeout")

    assert nft.rules(GUESTS) == nft.rules(later)
    assert nft.rules(GUESTS) != nft.rules(GUESTS.replace("10.0.1.1", "10.0.1.2"))
    assert nft.rules(GUESTS) != nft.rules(GUESTS.replace("flags dynamic,timeout", "flags dynamic"))


def test_the_way_back_is_one_script_for_the_own_tables():
    """What is put back is the old table, or none where there was none; a foreign table has a script of its own."""
    now = {"inet commune": "table inet commune {\n}\n", "ip other": "table ip other {\n}\n"}
    own, foreign = nft.undo_scripts(now, {"inet commune": "new", "inet more": "new"})

    assert own.splitlines() == [
        "add table inet commune",
        "delete table inet commune",
        "table inet commune {",
        "}",
        "add table inet more",
        "delete table inet more",
    ]
    assert foreign == "add table ip other\ndelete table ip other\ntable ip other {\n}\n"


def test_a_set_of_one_is_what_is_in_it():
    """Tables that an undoing put back are not drift: nft reads a set of one range that it listed as the range alone."""
    whole = "table inet x {\n\tchain hide {\n\t\tip saddr { 10.20.1.0-10.20.6.255 } masquerade\n\t}\n}\n"

    assert nft.rules(whole) == nft.rules(whole.replace("{ 10.20.1.0-10.20.6.255 }", "10.20.1.0-10.20.6.255"))
    assert nft.rules(whole) != nft.rules(whole.replace("6.255 }", "6.255, 10.20.9.9 }"))
