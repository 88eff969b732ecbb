"""Tables without what people wrote: reasons that quote no words, and rejected rows without what stood in them."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd
import pyarrow as pa

#: A reason that quotes words of a text: the name of the column, the words, the push.
_QUOTING: Final = re.compile(r'\A(.*?): ".*"( \([+-][0-9.]+\))\Z', re.DOTALL)
#: The column of a table of rejected rows that holds what stood in them.
_RECORD: Final = "record"


def reason(told: str) -> str:
    """A reason without the words that it quotes.

    >>> reason('body: "free crypto", "now" (+1.52)'), reason("links=3 (+0.20)")
    ('body (+1.52)', 'links=3 (+0.20)')
    """
    return _QUOTING.sub(r"\1\2", told)


def reasons(told: pd.DataFrame) -> pd.DataFrame:
    """`reason_1` ... of users, without the words that they quote; what is missing stays so."""
    without = {name: column.map(reason, na_action="ignore").astype(column.dtype) for name, column in told.items()}
    return pd.DataFrame(without, told.index)


def rejected(rows: pa.Table) -> pa.Table:
    """Rejected rows, each without what stood in it."""
    at = rows.schema.get_field_index(_RECORD)
    return rows.set_column(at, rows.schema.field(at), pa.nulls(len(rows), rows.schema.field(at).type))
