"""Which picture shows which page, and whether the page still looks like it.

A picture is current while its page, and every component the page draws with, ask Streamlit for the same elements with
the same texts as when the picture was made, in the same theme. How they do so is left out: names, imports, what is
worked out, and in which file a function stands. Figures, words and core are left out too: they change what a picture
shows, not what it is of, and would ask for new pictures almost daily.
"""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from streamlit.delta_generator import DeltaGenerator

from core.files import write_text
from core.settings import ROOT

FOLDER: Final = ROOT / "app" / "assets" / "screens"
MANIFEST: Final = "manifest.json"
COMMAND: Final = "python3 -m app screenshots"
#: Of every picture, in px.
WIDTH: Final = 1440
HEIGHT: Final = 900
_COMPONENTS: Final = "app.components"
#: What Streamlit can draw, whoever is asked for it: `st.button` or a place on the page.
_ELEMENTS: Final = frozenset(name for name in dir(DeltaGenerator) if not name.startswith("_"))
#: Fields of the code that say nothing of what is shown: types, and marks on functions, such as a cache.
_NOT_SHOWN: Final = frozenset({"annotation", "returns", "decorator_list"})


def pages(root: Path = ROOT) -> tuple[str, ...]:
    """Names of all pages in the order of the navigation; `score_file` is that of pages/score_file.py."""
    tree = ast.parse((root / "app" / "navigation.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "_page"]
    names = [(call.lineno, call.col_offset, ast.literal_eval(call.args[0])) for call in calls]
    return tuple(name for _, _, name in sorted(names))


def digest(page: str, root: Path = ROOT) -> str:
    """Changes when the page shows something else or elsewhere; 16 hexadecimal digits."""
    files = _drawn_by(root / "pages" / f"{page}.py", root)
    theme = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    told = [sorted({part for file in files for part in _parts(file)}), theme]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def manifest(folder: Path = FOLDER) -> dict[str, dict[str, str]]:
    """For each page with a picture: source (its file), picture (beside the manifest) and digest."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    known: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["pages"]
    return known


def record(drawn: Mapping[str, str], folder: Path = FOLDER, root: Path = ROOT) -> None:
    """Note new pictures: page -> file name, as of the code there is now. Pages that are gone are forgotten."""
    new = {
        page: {"source": f"pages/{page}.py", "picture": picture, "digest": digest(page, root)}
        for page, picture in drawn.items()
    }
    known = manifest(folder) | new
    told = {"size": [WIDTH, HEIGHT], "pages": {page: known[page] for page in pages(root) if page in known}}
    write_text(folder / MANIFEST, json.dumps(told, indent=1) + "\n")


def is_ours(path: Path) -> bool:
    """Whether a file is a manifest, or a picture that the manifest beside it names."""
    try:
        told = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(told, dict) or set(told) != {"size", "pages"}:
        return False
    return path.name == MANIFEST or path.name in {entry["picture"] for entry in told["pages"].values()}


def outdated(folder: Path = FOLDER, root: Path = ROOT) -> tuple[str, ...]:
    """Pages without a picture, and pages that have changed since theirs was made."""
    known = manifest(folder)
    return tuple(page for page in pages(root) if known.get(page, {}).get("digest") != digest(page, root))


def _drawn_by(file: Path, root: Path) -> set[Path]:
    """A page and all components that it imports, directly or not."""
    paths, waiting = set[Path](), [file]
    while waiting:
        each = waiting.pop()
        if each not in paths:
            paths.add(each)
            waiting += _components(each, root)
    return paths


def _components(file: Path, root: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for name in names:
            yield from _modules(before + name, root)


def _modules(name: str, root: Path) -> Iterator[Path]:
    """The file of a component, by its own name or by that of something in it."""
    for dotted in (name, name.rpartition(".")[0]):
        path = root.joinpath(*dotted.split(".")).with_suffix(".py")
        if dotted.startswith(f"{_COMPONENTS}.") and path.is_file():
            yield path


def _parts(file: Path) -> Iterator[str]:
    """What each function of a file shows, and each other statement of it."""
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if not _only_says(statement) and (shown := "\n".join(_shown(statement))):
            yield shown


def _shown(node: ast.AST) -> Iterator[str]:
    """Elements with their settings, and texts, in the order in which they are written."""
    if isinstance(node, ast.Constant):
        yield repr(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ELEMENTS:
        yield " ".join([node.func.attr, *(keyword.arg or "" for keyword in node.keywords)])
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in _NOT_SHOWN and not _only_says(child):
                yield from _shown(child)


def _only_says(node: ast.AST) -> bool:
    """Whether it is a docstring or an import."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
