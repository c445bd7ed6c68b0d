"""What a key of an input file means: the title, description and example that its model carries, in both languages.

One note on the field serves the editors' JSON Schema, the messages about wrong values, and the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Key:
    """The note on one key: ``Annotated[int, Key("Cấp độ", "Level", "…", "…", 2)]``.

    ``replaced_by`` marks a deprecated key and names the key to use instead.
    """

    vi: str
    en: str
    description_vi: str
    description_en: str
    example: Any
    replaced_by: str | None = None

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the note to the key's JSON Schema."""
        return handler(core_schema) | self.to_schema()

    def to_schema(self) -> dict[str, Any]:
        """Return the note as JSON Schema annotations; ``x-vi`` and ``x-en`` keep the languages apart for programs."""
        note: dict[str, Any] = {
            "title": f"{self.vi} / {self.en}",
            "description": f"{self.description_vi}\n\n{self.description_en}",
            "examples": [self.example],
            "x-vi": {"title": self.vi, "description": self.description_vi},
            "x-en": {"title": self.en, "description": self.description_en},
        }
        if self.replaced_by is not None:
            note |= {"deprecated": True, "x-replaced-by": self.replaced_by}
        return note
