"""The exported JSON Schema: complete in notes, and of one mind with the loader."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import orjson
import pytest

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.document.composer import compose
from smartcommune.keys import Key
from smartcommune.profile.schema import export


@pytest.fixture(scope="module")
def schema():
    """The schema of the roles' own catalogue."""
    return export(load_catalogue())


def keys_of(node, path=()):
    """Return (path, schema) of every key in the schema."""
    for name, key in node.get("properties", {}).items():
        yield (*path, name), key
        yield from keys_of(key, (*path, name))
    for name, model in node.get("$defs", {}).items():
        yield from keys_of(model, (name,))


def test_every_key_has_its_note_in_both_languages(schema):
    """Each key carries a title, a description and an example, in Vietnamese and in English."""
    keys = list(keys_of(schema))

    assert len(keys) > 40
    for path, key in keys:
        for language in ("x-vi", "x-en"):
            assert key[language]["title"], path
            assert key[language]["description"], path
        assert "examples" in key, path


@pytest.mark.parametrize("name", ["valid", "vi-huong"])
def test_valid_profiles_satisfy_the_schema(name, schema):
    """What the loader accepts, an editor accepts."""
    folder = Path(__file__).parent / "profiles" if name == "valid" else paths.checkout() / "commune_profiles"
    data = orjson.loads(orjson.dumps(compose((folder / f"{name}.yml").read_text(encoding="utf-8"), name).data))
    jsonschema.Draft202012Validator.check_schema(schema)

    assert list(jsonschema.Draft202012Validator(schema).iter_errors(data)) == []


@pytest.mark.parametrize("name", ["unknown_top_key", "option_unknown", "unit_missing", "kind_unknown", "octal_code"])
def test_editors_refuse_what_the_loader_refuses(name, schema):
    """Unknown keys and wrong values are marked while one types."""
    text = (Path(__file__).parent / "profiles" / f"{name}.yml").read_text(encoding="utf-8")
    data = orjson.loads(orjson.dumps(compose(text, name).data))

    assert list(jsonschema.Draft202012Validator(schema).iter_errors(data))


def test_a_replaced_key_is_marked_as_deprecated():
    """A key that was replaced tells editors, and names the one to use."""
    note = Key("Cũ", "Old", "Khóa cũ.", "The old key.", 1, replaced_by="new").to_schema()

    assert note["deprecated"] is True
    assert note["x-replaced-by"] == "new"
