"""Label, author and thread as `data/schema.toml` writes them."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import SchemaError
from core.schema.column_text import quoted
from core.schema.label import Label, Thread


def label_of(entry: object, version: int) -> Label:
    column = text(entry, "column", "label")
    negative = text(entry, "negative", "label", default="0")
    if not isinstance(entry, Mapping) or "categories" not in entry:
        return Label(column, text(entry, "positive", "label", default="1"), negative)
    if version < 3:
        raise SchemaError("categories in [label] came with format 3: write format = 3.")
    categories = entry["categories"]
    if not isinstance(categories, list) or not categories or not all(isinstance(each, str) for each in categories):
        raise SchemaError("categories in [label] must be a list of texts.")
    if "positive" in entry:
        raise SchemaError("[label] has positive and categories: each category is a positive value, so leave one out.")
    return Label(column, negative=negative, categories=tuple(categories))


def thread_of(entry: object) -> Thread:
    order = text(entry, "order", "thread", default="") or None
    return Thread(text(entry, "column", "thread"), order)


def text(entry: object, name: str, table: str, *, default: str | None = None) -> str:
    value = entry.get(name, default) if isinstance(entry, Mapping) else None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise SchemaError(f"[{table}] must give {name} as text.")
    return str(value)


def lines(label: Label | None, author: str | None, thread: Thread | None) -> list[str]:
    """Their tables in a schema; `label_of`, `text` and `thread_of` read them."""
    found = list[str]()
    if label is not None:
        found += ["", "[label]", f"column = {quoted(label.column)}"]
        if label.categories:
            found.append(f"categories = [{', '.join(map(quoted, label.categories))}]")
        else:
            found.append(f"positive = {quoted(label.positive)}")
        found.append(f"negative = {quoted(label.negative)}")
    if author is not None:
        found += ["", "[author]", f"column = {quoted(author)}"]
    if thread is not None:
        found += ["", "[thread]", f"column = {quoted(thread.column)}"]
        found += [f"order = {quoted(thread.order)}"] if thread.order is not None else []
    return found
