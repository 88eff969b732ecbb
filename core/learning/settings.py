"""How this home learns from feedback: the table `[learning]` of `data/settings.toml`, for people and for the page.

    [learning]
    min_samples = 1000          # new verdicts before it is time to retrain
    retrain_interval = 3600     # seconds that must have passed, too
    batch_size = 25             # a warm start adds so many trees at a time
    learning_rate = 0.05        # of these trees
    promotion = "by_hand"       # or "automatic", in the name of `promoter`
    promoter = ""

What is not there is as above. Other tables of the file are left as they are.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Literal, cast, get_args

from filelock import FileLock

from core import accounts, audit
from core.errors import BadOptionError, listed
from core.files import write_text
from core.settings import Settings

Promotion = Literal["by_hand", "automatic"]
PROMOTIONS: Final[tuple[Promotion, ...]] = get_args(Promotion)
TABLE: Final = "learning"
_HEAD: Final = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")


@dataclass(frozen=True, slots=True)
class Learning:
    """When to retrain and what may follow; valid from birth, raises BadOptionError.

    `min_samples`: new verdicts; `retrain_interval`: seconds; `batch_size`: trees that a warm start adds at a time, each
    shrunk by `learning_rate`; `promoter`: the person in whose name a version is promoted without anybody looking.
    """

    min_samples: int = 1000
    retrain_interval: float = 3600
    batch_size: int = 25
    learning_rate: float = 0.05
    promotion: Promotion = "by_hand"
    promoter: str = ""

    def __post_init__(self) -> None:
        for name, low, high in (("min_samples", 1, 10_000_000), ("batch_size", 1, 1_000)):
            if not _whole(value := getattr(self, name)) or not low <= value <= high:
                raise BadOptionError(name, f"give a whole number from {low:,} to {high:,}, not {value}.")
        _within("retrain_interval", self.retrain_interval, 0, 366 * 24 * 3600)
        _within("learning_rate", self.learning_rate, 0, 1, above=True)
        if self.promotion not in PROMOTIONS:
            raise BadOptionError("promotion", f"give {' or '.join(PROMOTIONS)}, not {self.promotion}.")
        if not isinstance(self.promoter, str):
            raise BadOptionError("promoter", f"give a name, not {self.promoter}.")
        if self.automatic and not self.promoter.strip():
            raise BadOptionError("promoter", "say in whose name versions are promoted automatically.")

    @property
    def automatic(self) -> bool:
        return self.promotion == "automatic"


def load(settings: Settings) -> Learning:
    """What this home has chosen, the defaults for the rest.

    Raises BadOptionError when the file is no TOML, or names what is not known or cannot be.
    """
    raw = _tables(settings).get(TABLE, {})
    if not isinstance(raw, Mapping):
        raise BadOptionError(settings.options_file.name, f"{TABLE} is a table: write [{TABLE}] above its lines.")
    known = [field.name for field in fields(Learning)]
    if unknown := sorted(raw.keys() - set(known)):
        raise BadOptionError(
            settings.options_file.name, f"[{TABLE}] has {listed(unknown)}; known are {listed(known)}."
        )  # fmt: skip
    return Learning(**raw)


def save(settings: Settings, learning: Learning, *, by: str, now: datetime) -> Learning:
    """Put other settings in force and note who did; with automatic promotion, `by` becomes the promoter.

    Raises NotAllowedError for who may not retrain or, for automatic promotion, not promote.
    """
    person = accounts.authorise(settings, by, "promote" if learning.automatic else "retrain").name
    saved = replace(learning, promoter=person if learning.automatic else "")
    settings.data.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.data / "settings.lock"):
        before = load(settings)
        if before == saved:
            return saved
        changed = {name: value for name, value in asdict(saved).items() if value != getattr(before, name)}
        audit.note(settings, who=person, what="change settings", about=TABLE, details=changed, now=now)
        path = settings.options_file
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        write_text(path, with_table(text, TABLE, asdict(saved)))
    return saved


def with_table(text: str, name: str, values: Mapping[str, str | float]) -> str:
    """The text of a TOML file with one table replaced, or added at its end; everything else stays, word for word.

    >>> with_table("[other]\\na = 1\\n", "learning", {"min_samples": 5, "promoter": "Ada"})
    '[other]\\na = 1\\n\\n[learning]\\nmin_samples = 5\\npromoter = "Ada"\\n'
    """
    # A TOML basic string escapes as JSON does, except that DEL must be escaped too.
    cells = {key: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") for key, value in values.items()}
    table = [f"[{name}]", *(f"{key} = {cell}" for key, cell in cells.items())]
    lines = text.splitlines()
    heads = [(at, found[1]) for at, line in enumerate(lines) if (found := _HEAD.fullmatch(line))]
    start = next((at for at, head in heads if head == name), None)
    if start is None:
        return "\n".join([*lines, *([""] if lines else []), *table]) + "\n"
    end = next((at for at, _ in heads if at > start), len(lines))
    return "\n".join([*lines[:start], *table, *([""] if end < len(lines) else []), *lines[end:]]) + "\n"


def _tables(settings: Settings) -> dict[str, Any]:
    path = settings.options_file
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors
        raise BadOptionError(path.name, f"it cannot be read: {error}.") from error


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(name: str, value: object, low: float, high: float, *, above: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    figure = cast(float, value) if number else float("nan")
    if not (low < figure <= high if above else low <= figure <= high):
        raise BadOptionError(name, f"give a number {'above' if above else 'from'} {low:,} to {high:,}, not {value}.")
