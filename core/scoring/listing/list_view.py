"""A view of a list: filters, order, columns, users a page. It is told as an address tells it, and so it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from core.errors import BadOptionError
from core.scoring.filters import GROUPS, Choice, Filters, Label
from core.scoring.listing import params as written
from core.scoring.listing.run_users import SIZES
from core.scoring.listing.sorting import Sort

#: Names of an address that are those of a view.
PARAMS: Final = (
    "group", "q", "score", "feature", "within", "context", "is", "novel", "incomplete", "label", "reason", "by",
    "category", "sort", "columns", "size",
)  # fmt: skip
_YES: Final = "1"
_HIGHEST: Final = Sort()


@dataclass(frozen=True, slots=True)
class ListView:
    """`columns`: keys of the columns shown, None for the usual ones. Raises BadOptionError for a size not in SIZES."""

    filters: Filters
    sort: Sort = _HIGHEST
    columns: tuple[str, ...] | None = None
    size: int = SIZES[0]

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise BadOptionError("size", f"show {', '.join(map(str, SIZES))} users a page, not {self.size}.")

    def params(self) -> dict[str, str]:
        """As an address has it; what is as usual is left out."""
        own, usual = self.filters, Filters()
        told = {
            "group": own.group, "q": own.text.strip(), "reason": own.reason, "by": own.decided_by,
            "category": own.category, "novel": _YES if own.novel else "", "incomplete": _YES if own.incomplete else "",
            "score": written.of_range(own.scores) if own.scores != usual.scores else "",
            "label": own.label if own.label != usual.label else "",
            "sort": self.sort.text if self.sort != _HIGHEST else "",
            "size": str(self.size) if self.size != SIZES[0] else "",
            "columns": written.of_names(self.columns) if self.columns is not None else "",
        }  # fmt: skip
        if own.feature is not None and own.within is not None:
            told |= {"feature": own.feature, "within": written.of_range(own.within)}
        if own.context is not None and own.values:
            told |= {"context": own.context, "is": written.of_names(own.values)}
        return {name: value for name, value in told.items() if value}

    @classmethod
    def of(cls, params: Mapping[str, str], *, usual: Choice) -> ListView:
        """What an address says; usual: the group where it names none. Raises BadOptionError that says what is wrong."""
        group, label = params.get("group", usual), params.get("label", "any")
        labels: tuple[Label, ...] = get_args(Label)
        if group not in GROUPS:
            raise BadOptionError("group", f"{group[:60]!r} is none of {', '.join(GROUPS)}.")
        if label not in labels:
            raise BadOptionError("label", f"{label[:60]!r} is none of {', '.join(labels)}.")
        size = params.get("size", str(SIZES[0]))
        filters = Filters(
            group=group, text=params.get("q", ""), scores=written.ends(params, "score") or (0.0, 1.0),
            feature=params.get("feature"), within=written.ends(params, "within"), context=params.get("context"),
            values=written.names(params, "is") or (), novel=params.get("novel") == _YES,
            incomplete=params.get("incomplete") == _YES, label=labels[labels.index(label)], reason=params.get("reason"),
            decided_by=params.get("by"), category=params.get("category"),
        )  # fmt: skip
        sort = Sort.of(params["sort"]) if "sort" in params else _HIGHEST
        return cls(filters, sort, written.names(params, "columns"), int(size) if size in map(str, SIZES) else 0)
