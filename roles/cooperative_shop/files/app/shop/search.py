"""Search by PostgreSQL's full text: products by words with or without their Vietnamese marks, the best first.

Vietnamese writes each syllable as a word, so whole words are compared: *ong* (bee) is not found in *trong* (inside).
Texts stand where Oscar keeps them and are looked through as they are: there is no index that could lag behind.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When

from shop.words import words_of

CONFIGURATION = "vietnamese"  # migration 0001
ENGLISH_TITLE, ENGLISH_TEXT = "title_en", "description_en"


def find(products: QuerySet[Any], asked: str) -> QuerySet[Any]:
    """Return the products that hold all words of ``asked``; when there are none, those that hold one of them.

    A title with the words as they were written comes before one with other marks on them.
    """
    words = words_of(asked)
    if not words:
        return products.none()
    whole, part = (SearchQuery(mark.join(words), config=CONFIGURATION, search_type="raw") for mark in (" & ", " | "))
    as_written = SearchQuery(" & ".join(words), config="simple", search_type="raw")
    searched = products.annotate(
        words=text_of(products.model),
        rank=SearchRank("words", part, normalization=Value(1)),
        title_words=SearchVector("title", config="simple"),
    )
    found = searched.filter(words=whole)
    if not found.exists():
        found = searched.filter(words=part)
    return found.order_by(Case(When(title_words=as_written, then=0), default=1), "-rank", "pk")


def text_of(product: Any) -> Any:
    """Return all that is known of a product as one vector: titles weigh most, then categories, then descriptions."""
    return (
        SearchVector("title", joined(product, "attribute_values", ENGLISH_TITLE), weight="A", config=CONFIGURATION)
        + SearchVector(joined(product, "categories"), weight="B", config=CONFIGURATION)
        + SearchVector(
            "description", joined(product, "attribute_values", ENGLISH_TEXT), weight="D", config=CONFIGURATION
        )
    )


def joined(product: Any, relation: str, attribute: str = "") -> Subquery:
    """Return what stands beside a product, in one text: names of its categories, or values of one of its attributes."""
    rows = product.objects.filter(pk=OuterRef("pk")).order_by()
    if attribute:
        rows = rows.filter(**{f"{relation}__attribute__code": attribute})
    column = f"{relation}__{'value_text' if attribute else 'name'}"
    return Subquery(rows.values("pk").annotate(joined=StringAgg(column, Value(" "))).values("joined"))
