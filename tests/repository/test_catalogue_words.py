"""The words of a catalogue entry are documented, all of them and no others."""

from __future__ import annotations

import re

import pytest

from smartcommune.catalogue import models
from smartcommune.document.validation import fields_of
from tests.repository.tree import CHECKOUT

PAGE = (CHECKOUT / "docs" / "catalogue.md").read_text(encoding="utf-8")
MODELS = [
    models.Service,
    models.Option,
    models.Port,
    models.Egress,
    models.Transit,
    models.Requirement,
    models.Endpoint,
    models.FastCgi,
    models.Secret,
    models.DataSet,
    models.Health,
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_word_is_documented(model: type[models.Model]) -> None:
    """Each key of an entry stands on the page."""
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", PAGE))))

    assert [name for name, _ in fields_of(model) if name not in words] == []


def test_no_word_is_made_up() -> None:
    """The first column of the table of words has the service's keys and no others."""
    table = PAGE.partition("## Options")[0]
    written = {word for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for word in re.findall(r"\w+", row)}

    assert written == {name for name, _ in fields_of(models.Service)}
