"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

from app.commands.shared import SOME_REJECTED
from app.reference.markdown import anchor, code, table
from core.errors import CancelledError, RefusedError, TrustdeskError, UnusableInputError

PROGRAM: Final = "python3 -m app"
EXIT_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "Done.",
        TrustdeskError.exit_code: "A bug of ours; the details are in `data/logs/trustdesk.log` of the workspace.",
        UnusableInputError.exit_code: "The input cannot be used: an option, a file, an address. The sentence says why.",
        SOME_REJECTED: "Done, but some rows were rejected; where they are is told.",
        RefusedError.exit_code: "Refused by a check: a role, a state, a damaged model. Of `drift`: users have drifted.",
        CancelledError.exit_code: "Cancelled.",
    }
)
_INTRODUCTION: Final = f"""\
# The command line

Written by `{PROGRAM} reference` from the commands themselves; `--help` after any of them says the same.
Results go to files or stdout, everything else to stderr. `--home DIR` may stand before a command as well as after it.
"""
_KINDS: Final[Mapping[Any, str]] = MappingProxyType({int: "N", float: "NUMBER", str: "TEXT"})


def text(tree: Any) -> str:
    """The whole reference as markdown. tree: all commands, as `typer.main.get_command` gives them."""
    commands = list(_walked(tree, PROGRAM))
    lines = [_INTRODUCTION, *_contents(commands)]
    for name, command in commands:
        lines += _described(name, command)
    rows = ((str(number), said) for number, said in sorted(EXIT_CODES.items()))
    return "\n".join([*lines, "## Exit codes", "", *table(("code", "meaning"), rows)]).rstrip() + "\n"


def _walked(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command and all below it, by the words that call them."""
    yield name, command
    for word, below in sorted(getattr(command, "commands", {}).items()):
        yield from _walked(below, f"{name} {word}")


def _contents(commands: list[tuple[str, Any]]) -> list[str]:
    rows = ((f"[{code(name)}](#{anchor(_title(name))})", _purpose(command)[0]) for name, command in commands)
    return table(("command", "what it does"), rows)


def _title(name: str) -> str:
    return name.removeprefix(f"{PROGRAM} ")


def _purpose(command: Any) -> list[str]:
    """The paragraphs of its help, each in a line."""
    return [" ".join(each.split()) for each in str(command.help).split("\n\n")]


def _described(name: str, command: Any) -> list[str]:
    lines = [f"## {_title(name)}", ""]
    for paragraph in _purpose(command):
        lines += [paragraph, ""]
    kinds = _kinds(command)
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    lines += ["```text", _usage(name, command, arguments, options, kinds), "```", ""]
    lines += table(("argument", "what it is"), ((code(_named(each)), str(each.help)) for each in arguments))
    rows = ((code(_option(each, kinds)), _default(each), f"{each.help}{_limits(each, kinds)}") for each in options)
    return lines + table(("option", "default", "what it does"), rows)


def _usage(name: str, command: Any, arguments: list[Any], options: list[Any], kinds: Mapping[str, Any]) -> str:
    words = [name]
    words += ["COMMAND"] if hasattr(command, "commands") and not command.invoke_without_command else []
    words += [_named(each) if each.required else f"[{_named(each)}{'...' * (each.nargs < 0)}]" for each in arguments]
    words += [_option(each, kinds, names=1) for each in options if each.required]
    words += ["[OPTIONS]"] if any(not each.required for each in options) else []
    words += ["[COMMAND]"] if hasattr(command, "commands") and command.invoke_without_command else []
    return " ".join(words)


def _kinds(command: Any) -> dict[str, Any]:
    """The type of each parameter, without `None` and without what typer is told."""
    hints = typing.get_type_hints(command.callback, include_extras=True) if command.callback else {}
    return {name: _bare(hint) for name, hint in hints.items()}


def _bare(hint: Any) -> Any:
    """`int` of `Annotated[int | None, ...]`, with the limits it was given: (int, smallest, largest)."""
    inner, limits = hint, (None, None)
    if hasattr(hint, "__metadata__"):
        inner, told = get_args(hint)[0], hint.__metadata__[0]
        limits = (getattr(told, "min", None), getattr(told, "max", None))
    parts = [each for each in get_args(inner) if each is not type(None)]
    if parts and get_origin(inner) not in {Literal, list}:
        inner = parts[0]
    return inner, *limits


def _named(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _option(option: Any, kinds: Mapping[str, Any], *, names: int | None = None) -> str:
    """As it is typed: `--output, -o PATH`, `--public / --private`; by so many of its names."""
    said = ", ".join(option.opts[:names])
    if option.is_flag:
        return " / ".join(filter(None, (said, ", ".join(option.secondary_opts))))
    kind = kinds[option.name][0]
    value = "|".join(get_args(kind)) if get_origin(kind) is Literal else _KINDS.get(kind, "PATH")
    return f"{said} {option.metavar or value}"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.is_flag:
        return code(option.secondary_opts[0]) if option.secondary_opts and not option.default else ""
    return "" if option.default in (None, "") else code(str(option.default))


def _limits(option: Any, kinds: Mapping[str, Any]) -> str:
    _, low, high = kinds[option.name]
    if low is None:
        return ""
    return f" At least {low}." if high is None else f" {low} to {high:,}."
