"""`python3 -m app mapping`: which columns of others' files are ours, agreed on once and kept under a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import AsJson, By, HomeOption, home_of, name_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError

if TYPE_CHECKING:
    from core.data.understanding.mappings import Mapping

app = typer.Typer(no_args_is_help=True, help="Mappings: files in which our columns have other names.")

Name = Annotated[str, typer.Argument(help="The name of a mapping.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """All mappings, the newest first: name, what it says, by whom, and when."""
    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.mappings.listed()
        if as_json:
            put(json.dumps([_facts(each) for each in found], indent=1, ensure_ascii=False) + "\n")
            return
        for each in found:
            put("\t".join((each.name, each.sentence, each.by, f"{each.kept:%Y-%m-%d}")) + "\n")
        if not found:
            tell("No mapping is kept.")


@app.command()
def show(context: typer.Context, name: Name, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """One mapping: each column of the file and ours, and for files with which header it is proposed."""
    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.mappings.find(name)
        if as_json:
            put(json.dumps(_facts(found), indent=1, ensure_ascii=False) + "\n")
            return
        for theirs, ours in found.columns:
            put(f"{theirs}\t{ours}\n")
        if found.decimal or found.thousands:
            put(f"decimal sign\t{found.decimal or '.'}\nbetween thousands\t{found.thousands or 'nothing'}\n")
        put(f"proposed for files with\t{', '.join(found.header)}\n")


@app.command()
@reads_table
def add(
    context: typer.Context,
    name: Name,
    users: Annotated[str, typer.Argument(help="A file, or an address, with the header that it is for.")],
    columns: Annotated[
        list[str] | None, typer.Argument(help="A column of the file and ours, such as uid=user_id.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In the place of one that has this name.")] = False,
    by: By = None,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Keep a mapping: score FILE --map NAME reads by it, and pages propose it for files with the same header."""
    from core.data.layout import wanted
    from core.data.streaming import windows
    from core.data.streaming.source import source_of
    from core.data.understanding.mappings import Mapping
    from core.schema import schema as schemas

    home = home_of(context, home_dir)
    with guard.command(home):
        given, who = said.given(home), name_of(by)
        schema = schemas.load(home.settings.schema_file)
        with home.fetching.local(users, tell) as file:
            source = source_of(file.name, file.path, given, home.file_limits.load())
            header = windows.header_of(source, wanted(schema)).names
        pairs = tuple(_pair(each, header) for each in columns or ())
        kept = Mapping(name, header, pairs, who, datetime.now(UTC), given.decimal, given.thousands)
        home.mappings.keep(kept, again=replace)
        tell(f"{name} is kept: {kept.sentence}.")


@app.command()
def remove(context: typer.Context, name: Name, home_dir: HomeOption = None) -> None:
    """Forget a mapping; what was read by it stays as it is."""
    home = home_of(context, home_dir)
    with guard.command(home):
        home.mappings.remove(name)
        tell(f"{name} is removed.")


def _pair(text: str, header: tuple[str, ...]) -> tuple[str, str]:
    from core.schema.schema import key

    theirs, sign, ours = text.rpartition("=")
    if not sign or key(theirs) not in map(key, header):
        raise BadOptionError(text, f"write a column of the file, =, and ours; the file has {', '.join(header)}.")
    return theirs.strip(), ours.strip()


def _facts(mapping: Mapping) -> dict[str, object]:
    return {
        "name": mapping.name, "columns": dict(mapping.columns), "decimal": mapping.decimal,
        "thousands": mapping.thousands, "header": list(mapping.header), "by": mapping.by,
        "kept": mapping.kept.isoformat(),
    }  # fmt: skip
