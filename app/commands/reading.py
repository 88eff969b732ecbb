"""How commands are told to read a table: the same options for every command that takes one."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer

if TYPE_CHECKING:
    from core.data.formats.options import Given
    from core.home import Home
    from core.remote.fetching import Local


@dataclass(frozen=True, slots=True)
class Said:
    """The options as they were given, None where one was not."""

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    sheet: str | None = None
    skip_rows: int | None = None
    map: str | None = None

    def given(self, home: Home) -> Given:
        """What they say. Raises BadOptionError, and UnknownItemError for a mapping that is not kept."""
        from core.data.formats import options

        given = options.given(
            delimiter=self.delimiter, encoding=self.encoding, decimal=self.decimal, thousands=self.thousands,
            sheet=self.sheet, skip_rows=self.skip_rows,
        )  # fmt: skip
        return given if self.map is None else home.mappings.find(self.map).given(given)


@contextlib.contextmanager
def advised(home: Home, file: Local, said: Said) -> Iterator[None]:
    """Have a file that lacks columns name the mapping that was kept for files with its header, where there is one."""
    from core.errors import FileProblemError, MissingColumnsError

    try:
        yield
    except (MissingColumnsError, FileProblemError) as error:
        unknown = isinstance(error, MissingColumnsError) or error.code == "no_known_column"
        fitting = _fitting(home, file, said) if unknown and said.map is None else None
        if fitting:
            error.add_note(f'The mapping "{fitting}" was kept for files with this header: add --map "{fitting}".')
        raise


def _fitting(home: Home, file: Local, said: Said) -> str | None:
    from core.data.streaming import windows
    from core.data.streaming.source import source_of

    source = source_of(file.name, file.path, said.given(home), home.file_limits.load())
    found = home.mappings.fitting(windows.header_of(source, ()).names)
    return found.name if found else None


#: Where no option was given.
UNSAID: Final = Said()

_OPTIONS: Final[dict[str, Any]] = {
    "delimiter": Annotated[
        str | None, typer.Option(help="What divides the fields of CSV: comma, semicolon, tab or pipe; else found out.")
    ],
    "encoding": Annotated[str | None, typer.Option(help="utf-8, utf-16 or cp1252; else found out.")],
    "decimal": Annotated[str | None, typer.Option(help="The decimal sign of numbers: . (else) or ,")],
    "thousands": Annotated[
        str | None, typer.Option(help="What stands between thousands: . , ' space; else nothing does.")
    ],
    "sheet": Annotated[str | None, typer.Option(help="The sheet of an Excel workbook; else the first.")],
    "skip_rows": Annotated[
        int | None, typer.Option(help="Lines or rows above the column names; else found out.")
    ],
    "map": Annotated[str | None, typer.Option("--map", help="A mapping of columns that was kept (mapping list).")],
}  # fmt: skip


def reads_table(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options, of which it gets what was said as its argument `said`."""
    hints = get_type_hints(command, include_extras=True)
    own = inspect.signature(command).parameters
    home = inspect.Parameter.KEYWORD_ONLY
    kept = [own[name].replace(annotation=hints[name], kind=home) for name in own if name != "said"]
    added = [
        inspect.Parameter(name, home, default=None, annotation=annotation) for name, annotation in _OPTIONS.items()
    ]
    last = [each for each in kept if each.name == "home_dir"]
    shown = [*(each for each in kept if each.name != "home_dir"), *added, *last]

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        said = Said(**{name: arguments.pop(name, None) for name in _OPTIONS})
        command(**arguments, said=said)

    with_options.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in shown}
    return with_options
