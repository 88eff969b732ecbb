"""A row of totals below a table: the last of all, called so where the others have an id."""

from __future__ import annotations

from typing import Final

#: What such rows are called, in lower case.
WORDS: Final = frozenset(
    {"total", "totals", "grand total", "sum", "sums", "subtotal", "overall", "gesamt", "gesamtsumme", "summe"}
    | {"insgesamt", "totaal", "totale", "suma", "somme", "totaux", "total général", "total general", "итого", "合計"}
)


def is_totals(text: str) -> bool:
    """
    >>> is_totals(" TOTAL: "), is_totals("totally")
    (True, False)
    """
    return text.strip().rstrip(":").rstrip().lower() in WORDS
