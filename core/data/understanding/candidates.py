"""Which column of a file may be one that the schema asks for: by its name, and by what it holds.

A name says that two columns may be one, never that they are: whoever reads the file must agree.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.schema.schema import Schema, matched

#: What ids of users are called, without signs between words.
_IDS: Final = frozenset(
    {"id", "uid", "user", "userid", "usr", "usrid", "username", "login", "handle", "account", "accountid", "acct"}
    | {"acctid", "member", "memberid", "customer", "customerid", "sellerid", "seller", "profileid", "personid", "guid"}
    | {"uuid", "nutzerid", "benutzerid", "benutzer", "nutzer", "kundennr", "kundennummer", "mitglied", "utilisateur"}
)
#: How alike two names must be, from 0 to 1.
_ALIKE: Final = 0.8
#: Letters of a name that may be one of ours, and columns that are compared: of more nobody could say which is meant.
_LONGEST, _MOST = 100, 400


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column of a file, under the name that it has there, that may be `ours`. `id`: whether that is the id."""

    theirs: str
    ours: str
    id: bool = False


def candidates(header: Sequence[str], schema: Schema) -> tuple[Candidate, ...]:
    """Candidates for the columns of the schema that a header lacks, the likeliest of each; none for two."""
    wanted = [*([schema.id] if schema.id else []), *schema.inputs]
    label = [schema.label.column] if schema.label else []
    there = matched([*wanted, *schema.beside, *label], header)
    known = {*there.values()}
    free = [name for at, name in enumerate(header) if 0 < len(name) <= _LONGEST and at not in known]
    if len(free) > _MOST:
        return ()
    found: list[Candidate] = []
    for ours in wanted:
        if ours in there:
            continue
        is_id = ours == schema.id
        ranked = sorted(_ranked(ours, free, is_id=is_id), reverse=True)
        if ranked:
            theirs = free[-ranked[0][1]]
            found.append(Candidate(theirs, ours, is_id))
            free.remove(theirs)
    return tuple(found)


def advice(header: Sequence[str], schema: Schema) -> str:
    """What a sentence about missing columns may add: which columns of the file may be they."""
    likely = candidates(header, schema)
    if not likely:
        return ""
    shown = ", ".join(f"{each.theirs} may be {each.ours}" for each in likely[:3])
    pairs = " ".join(f'"{each.theirs}={each.ours}"' for each in likely[:3])
    return f"Of its columns {shown}: if so, keep that as a mapping (mapping add NAME FILE {pairs}) and give --map NAME."


def _ranked(ours: str, free: Sequence[str], *, is_id: bool) -> Iterator[tuple[float, int]]:
    """How alike each name is that is alike enough, and where it stands, from the end."""
    for at, theirs in enumerate(free):
        alike = _alike(_bare(ours), _bare(theirs))
        if is_id and _bare(theirs) in _IDS:
            alike = max(alike, 0.9 if _bare(theirs).endswith("id") else 0.85)
        if alike >= _ALIKE:
            yield alike, -at


def _bare(name: str) -> str:
    """
    >>> _bare("Links / day"), _bare("links_per_day")
    ('linksday', 'linksday')
    """
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
    return "".join(word for word in words if word not in {"per", "a", "of", "the"})


def _alike(one: str, other: str) -> float:
    # Short names are alike by chance: X1 and X11, a and b.
    if min(len(one), len(other)) < 4 or re.sub(r"\D", "", one) != re.sub(r"\D", "", other):
        return float(one == other and bool(one))
    return difflib.SequenceMatcher(None, one, other).ratio()
