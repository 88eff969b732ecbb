"""A message as markdown that shows it letter by letter, with the words that move its score made visible.

Places are code points of the text as sent. Nothing of a message is ever read as markup: every piece goes through
`words.plain`, and what is put round it stands at places, never where a pattern was found. What nobody sees is written
out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.words import NARROW, plain
from core.scoring.reasons import Reason
from core.scoring.texts import shares
from core.text.derived import evidence
from core.text.normalise import normalised
from core.text.shown import escaped
from core.text.text_model import Word

#: Words with a number of their own; the others are added up.
MOST: Final = 8
#: A span of so many characters stays in one line.
TOGETHER: Final = 24
#: What may stand beside a word without being of it.
_MARKS: Final = " .,;:!?()\"'"
#: Log-odds below which two decimals show nothing worth a number.
LEAST: Final = 0.02
#: Share of the strongest below which a word says little beside it.
SLIGHT: Final = 0.08
MASK: Final = "███"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"

Span = tuple[int, int]
#: The kind of a mark that is a word.
WORD: Final = "word"


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text and how far it moves the score, in log-odds; note: what was undone in it, if anything.

    kind: a word, or the feature that has counted it: all that it has counted are one row.
    """

    start: int
    end: int
    part: float
    note: str = ""
    kind: str = WORD


@dataclass(frozen=True, slots=True)
class Row:
    """What has a number beside it, from 1: the same words, or all of what a feature has counted."""

    number: int
    text: str
    part: float
    note: str
    spans: tuple[Span, ...]
    kind: str = WORD


def of_words(text: str, words: Iterable[Word], share: float = 1.0) -> list[Mark]:
    """Words of a text model as marks. share: what the whole margin of the text moves the score, of that margin."""
    return [
        Mark(each.start, each.end, each.part * share, _read_as(text[each.start : each.end]) if each.undone else "")
        for each in words
    ]


def of_counted(name: str, told: Iterable[Reason]) -> list[Mark]:
    """What other features have counted in a text: contacts, links, the owner's phrases and the like.

    name: the feature that is the text.
    """
    counting = [each for each in told if each.feature.startswith(f"{name} (")]
    return [Mark(each.start, each.end, each.part, kind=reason.feature) for reason in counting for each in reason.places]


def rows_of(text: str, name: str, told: Iterable[Reason], most: int = MOST) -> tuple[Row, ...]:
    """The rows of a text by the reasons of a score: its words, and what features have counted in it.

    name: the feature that is the text. Words that hardly move the score have no row, and those that are part of one
    contact, link or the like are one.
    """
    reasons = {each.feature: each for each in told}
    words, whole = _whole(text, reasons[name].words)
    phrases = [*whole, *shares.phrases(text, words, most=most), *shares.phrases(text, words, up=False, most=most)]
    marks = [*of_words(text, phrases), *of_counted(name, reasons.values())]
    least = max([LEAST, *(SLIGHT * abs(mark.part) for mark in marks)])
    return rows(text, [mark for mark in marks if abs(mark.part) >= least], most)


def _whole(text: str, words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The words that stand by themselves, and one for each contact, link or the like, with the sum of its words."""
    places = _united((each.start, each.end) for each in evidence(text) if each.key != "undone")
    inside = {place: [word for word in words if word.start < place[1] and place[0] < word.end] for place in places}
    taken = {word for found in inside.values() for word in found}
    whole = [
        Word(min(start, found[0].start), max(end, found[-1].end), sum(word.part for word in found), undone=False)
        for (start, end), found in inside.items() if found
    ]  # fmt: skip
    return [word for word in words if word not in taken], whole


def contacts(text: str) -> list[Span]:
    """What to mask so that nobody is reached by it: contacts, but for their first and last character."""
    return [(each.start + 1, each.end - 1) for each in evidence(text) if each.key == "contacts"]


def _read_as(written: str) -> str:
    """How the words read that were hidden, "" where they are what they look like.

    >>> _read_as("on t e l e g r a m, m0ney"), _read_as("Hello")
    ('= telegram, money', '')
    """
    found = list[str]()
    for place in normalised(written).places:
        before, after = written[: place.start].rsplit(maxsplit=1), written[place.end :].split(maxsplit=1)
        start = place.start - len(before[-1]) if before and not written[place.start - 1].isspace() else place.start
        end = place.end + len(after[0]) if after and not written[place.end].isspace() else place.end
        read = normalised(written[start:end]).text.strip(_MARKS)
        if read not in {written[start:end].strip(_MARKS).casefold(), *found}:
            found.append(read)
    return f"= {', '.join(found)}" if found else ""


def rows(text: str, marks: Iterable[Mark], most: int = MOST) -> tuple[Row, ...]:
    """What moves the score most, numbered: first what raises it, then what lowers it, the strongest first of each.

    The same words are one row, however they are written in capitals; what is over `most` has no row.
    """
    groups: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for mark in marks:
        groups[mark.kind, text[mark.start : mark.end].casefold() if mark.kind == WORD else ""].append(mark)
    sums = {key: sum(mark.part for mark in group) for key, group in groups.items()}
    strongest = sorted((key for key in sums if sums[key]), key=lambda key: -abs(sums[key]))[:most]
    ordered = sorted(strongest, key=lambda key: (sums[key] < 0, -abs(sums[key])))
    return tuple(_row(number, text, groups[key], sums[key]) for number, key in enumerate(ordered, 1))


def _row(number: int, text: str, marks: Sequence[Mark], part: float) -> Row:
    first = marks[0]
    note = next((mark.note for mark in marks if mark.note), "")
    spans = tuple(sorted((mark.start, mark.end) for mark in marks))
    return Row(number, text[first.start : first.end], part, note, spans, first.kind)


def written(text: str) -> str:
    """Markdown that shows a text of several lines as it is: breaks are breaks, and spaces in a row keep their width."""
    return highlighted(text, ())


def highlighted(
    text: str, found: Sequence[Row], *, masked: Iterable[Span] = (), struck: Iterable[int] = ()
) -> str:  # fmt: skip
    """Markdown of a text with its rows: tint, weight and number for what raises the score, a grey tint and a number
    for what lowers it.

    masked: stretches of which nothing is sent to the browser. struck: numbers of rows that are crossed out.
    Rows that overlap share one stretch, which has all their numbers and the tint of their sum.
    """
    text, covered, crossed = _wide(text), _united(masked), set(struck)
    pieces, at = [], 0
    for (start, end), inside in _stretches(text, found):
        pieces += [_hidden(text, at, start, covered), _stretch(text, start, end, inside, covered, crossed)]
        at = end
    return "".join([*pieces, _hidden(text, at, len(text), covered)])


def legend(found: Sequence[Row], masked: int = 0, *, shown: bool = False) -> str:
    """Markdown of what tints, numbers and blocks mean, in a line; only of what there is."""
    raising = next((row for row in found if row.part > 0), None)
    lowering = next((row for row in found if row.part < 0), None)
    parts = [f":violet-background[**word**]:violet[{NARROW}{raising.number}] raises the score"] if raising else []
    parts += [f":gray-background[word]{NARROW}{lowering.number} lowers it"] if lowering else []
    if masked:
        counted = f"{masked} word{'s' if masked > 1 else ''}"
        parts.append(f"{counted} unmasked; M masks again" if shown else f"{MASK} masked, {counted}; M shows them")
    return f":gray[{' · '.join(parts)}]" if parts else ""


def without(text: str, spans: Iterable[Span]) -> str:
    """The text without these stretches, nor one of the two spaces that were round each.

    >>> without("write me on telegram now", [(9, 20)])
    'write me now'
    """
    kept, at = "", 0
    for start, end in _united(spans):
        kept += text[at:start]
        at = end + (text[end : end + 1] == " " and kept[-1:] in {"", " "})
    return kept + text[at:]


#: A browser draws spaces in a row as one, and none at the ends of a line.
_WIDE: Final = re.compile(r"(?<=[ \t])[ \t]|^[ \t]|[ \t]$", re.MULTILINE)
_BREAK: Final = re.compile(r"\r\n|[\n\r]")


def _wide(text: str) -> str:
    """The text in as many letters, of which a browser draws each; without the breaks at its end."""
    return _WIDE.sub(NO_BREAK, text.rstrip("\r\n"))


def _stretches(text: str, found: Sequence[Row]) -> list[tuple[Span, list[Row]]]:
    """Stretches without overlap and without space at their ends, in the order of the text, with the rows in each."""
    placed = sorted(((_trimmed(text, *span), row) for row in found for span in row.spans), key=lambda each: each[0])
    united: list[tuple[Span, list[Row]]] = []
    for (start, end), row in placed:
        if united and start < united[-1][0][1]:
            (begin, until), inside = united[-1]
            united[-1] = ((begin, max(until, end)), inside if row in inside else [*inside, row])
        elif end > start:
            united.append(((start, end), [row]))
    return united


def _trimmed(text: str, start: int, end: int) -> Span:
    """A stretch without the space at its ends, which would be no place for a sign of emphasis."""
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip())


def _stretch(text: str, start: int, end: int, inside: Sequence[Row], covered: Sequence[Span], crossed: set[int]) -> str:
    numbers = ", ".join(str(row.number) for row in sorted(inside, key=lambda row: row.number))
    body = _hidden(text, start, end, covered, together=end - start <= TOGETHER)
    if all(row.number in crossed for row in inside):
        return f":gray[~~{body}~~{NARROW}{numbers}]"
    note = "".join(f" :small[:gray[({plain(row.note)})]]" for row in inside if row.note)
    if sum(row.part for row in inside) > 0:
        return f":violet-background[**{body}**]:violet[{NARROW}{numbers}]{note}"
    return f":gray-background[{body}]:gray[{NARROW}{numbers}]{note}"


def _hidden(text: str, start: int, end: int, covered: Sequence[Span], *, together: bool = False) -> str:
    """Markdown of a stretch, with a block in the place of each masked one; `together`: in one line."""
    shown: list[str] = []
    for begin, until in covered:
        if start < until and begin < end:
            shown += [_shown(text[start : max(start, begin)], together=together), f":gray[{MASK}]"]
            start = min(until, end)
    return "".join([*shown, _shown(text[start:end], together=together)])


def _shown(text: str, *, together: bool) -> str:
    if together:
        return plain(escaped(re.sub(r"\s", NO_BREAK, text)))
    return "\\\n".join(plain(escaped(line)) for line in _BREAK.split(text))


def _united(spans: Iterable[Span]) -> list[Span]:
    """Stretches in the order of the text, those that touch as one.

    >>> _united([(5, 7), (0, 2), (1, 4)])
    [(0, 4), (5, 7)]
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found
