"""What the columns mean, where somebody has said so: `data/glossary.csv`, owned and edited by people.

Columns: `feature,name,description,category,status`. A status of `assumed` marks a meaning that somebody
guessed; it is then called assumed wherever it is shown. Features without an entry are shown by their code.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import FileProblemError
from core.schema.schema import key

OTHER: Final = "Features"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one feature is said to mean; `assumed` when nobody who knows has confirmed it."""

    name: str
    description: str
    category: str
    assumed: bool

    @property
    def sentence(self) -> str:
        """'assumed: count of urgent messages', or the same without the mark."""
        text = self.description or self.name
        lowered = text[:1].lower() + text[1:] if text[1:2].islower() else text
        return f"assumed: {lowered}" if self.assumed and lowered else lowered


@dataclass(frozen=True, slots=True)
class Glossary:
    entries: Mapping[str, Meaning]

    def meaning(self, feature: str) -> Meaning | None:
        return self.entries.get(key(feature))

    def sentence(self, feature: str) -> str:
        """The meaning in words, empty where nothing is known."""
        meaning = self.meaning(feature)
        return meaning.sentence if meaning else ""

    def category(self, feature: str) -> str:
        meaning = self.meaning(feature)
        return meaning.category if meaning and meaning.category else OTHER

    @property
    def assumed(self) -> bool:
        """Whether any meaning is a guess."""
        return any(meaning.assumed for meaning in self.entries.values())


def load(path: Path) -> Glossary:
    """Read a glossary; an absent file is an empty one. Raises FileProblemError when it cannot be read."""
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        columns, rows = reader.fieldnames or [], list(reader)
    except FileNotFoundError:
        return Glossary({})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblemError(path.name, "unreadable", f"the glossary cannot be read ({error}).") from error
    if "feature" not in columns:
        raise FileProblemError(path.name, "no_feature_column", "the glossary needs a column named feature.")
    return Glossary({key(row["feature"]): _meaning(row) for row in rows if row["feature"]})


def _meaning(row: Mapping[str, str | None]) -> Meaning:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    return Meaning(cell("name"), cell("description"), cell("category"), assumed=key(cell("status")) == "assumed")
