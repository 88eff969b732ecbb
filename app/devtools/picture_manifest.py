"""Which picture shows which page, and whether the page still looks like it.

A picture is current while the text of its page, and of every component the page draws with, is what it was when the
picture was made: they say what stands where. Figures, words and core are left out: they change what a picture shows,
not what it is of, and would ask for new pictures almost daily. Lines that are blank or only a comment do not count.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from core.files import write_text
from core.settings import ROOT

FOLDER: Final = ROOT / "app" / "assets" / "screens"
MANIFEST: Final = "manifest.json"
COMMAND: Final = "python3 -m app screenshots"
#: Of every picture, in px.
WIDTH: Final = 1440
HEIGHT: Final = 900
_COMPONENTS: Final = "app.components"


def pages(root: Path = ROOT) -> tuple[str, ...]:
    """Names of all pages in the order of the navigation; `score_file` is that of pages/score_file.py."""
    tree = ast.parse((root / "app" / "navigation.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "_page"]
    names = [(call.lineno, call.col_offset, ast.literal_eval(call.args[0])) for call in calls]
    return tuple(name for _, _, name in sorted(names))


def digest(page: str, root: Path = ROOT) -> str:
    """Changes when the page or a component of it does; 16 hexadecimal digits."""
    found = hashlib.sha256()
    for file in sorted(_drawn_by(root / "pages" / f"{page}.py", root)):
        found.update(f"{file.relative_to(root).as_posix()}\n{_told(file)}\n".encode())
    return found.hexdigest()[:16]


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


def _told(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
