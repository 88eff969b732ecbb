"""The house rules, read off the source: who may import whom, and what nobody may do.

Each rule looks at one file and gives the breaks it finds; `BROKEN` at the end holds, for each rule, a file
that breaks it, so that a rule that no longer sees anything fails too.
"""

from __future__ import annotations

import ast
import graphlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest

from core.settings import ROOT

#: The rooms of core from the ground up; the single modules are the ground floor. Inside a room modules may import each
#: other, otherwise imports go down only.
CORE: Final = (
    "store", "access", "remote", "schema", "text", "policy", "data", "explore", "model", "evaluation", "registry",
    "scoring", "hub", "training", "tracking", "comparison", "diagnostics", "feedback", "review", "delivery", "planning",
    "estimation", "retraining", "monitoring", "catalog", "streams",
)  # fmt: skip
#: What knows all rooms.
TOP: Final = ("job_functions", "stores", "home", "worker")
FLOORS: Final = {f"core.{room}": floor for floor, room in enumerate((*CORE, *TOP), 1)}
#: Most files of a room, and most of the lines of core that one may have.
MOST_FILES: Final = 14
MOST_OF_CORE: Final = 0.12
ROOMS: Final = {"core": {"core"}, "app": {"core", "app"}, "pages": {"core", "app"}}
#: Who knows which database it is: the room that keeps it, and what looks into its file from outside.
KNOW_THE_DATABASE: Final = frozenset(f"core.store.{name}" for name in ("database", "database_file", "tables"))
#: Names of the library that fits the model that leads stand here alone; others have `Model.predictor` and `.explainer`.
KNOW_THE_LIBRARY: Final = {
    *(f"core.model.{name}" for name in ("trees", "rounds", "boosted", "tree_check")), "core.training.dask_boosting"
}  # fmt: skip
#: The set-up runs before core can.
READERS_OF_THE_ENVIRONMENT: Final = {"core.settings", "core.access.endpoints", "app.bootstrap"}
SERVING: Final = ("fastapi", "starlette", "uvicorn", "pydantic")
BLIND: Final = {"everything", "Exception", "BaseException"}
UNSAFE: Final = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}


@dataclass(frozen=True)
class Source:
    """One module: its dotted name and its text."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree; many rules look at them."""
        return list(ast.walk(self.tree))

    @cached_property
    def calls(self) -> list[tuple[int, str]]:
        """Line and dotted name of every call: `(3, 'pd.read_pickle')`."""
        return [(node.lineno, ast.unparse(node.func)) for node in self.nodes if isinstance(node, ast.Call)]

    def imports(self, *, typing_too: bool = True) -> Sequence[tuple[int, str]]:
        """Line and dotted name of everything imported, inside functions too: `from a import b` gives `a.b`."""
        return self._imports if typing_too else list(self._imported(without_typing=True))

    @cached_property
    def _imports(self) -> list[tuple[int, str]]:
        return list(self._imported())

    def _imported(self, *, without_typing: bool = False) -> Iterator[tuple[int, str]]:
        unseen = {node for block in self._typing_blocks() for node in ast.walk(block)} if without_typing else set()
        for node in self.nodes:
            if node in unseen:
                continue
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{self._origin(node)}.{alias.name}") for alias in node.names)

    def _typing_blocks(self) -> Iterator[ast.If]:
        for node in self.nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield node

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        package = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*package, *([node.module] if node.module else [])])


def _source(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = parts[-1] == "__init__"
    return Source(".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package)


SOURCES: Final = [_source(path) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]

Rule = Callable[[Source], Iterable[str]]
RULES: Final[dict[str, Rule]] = {}


def rule(sentence: str) -> Callable[[Rule], Rule]:
    def added(check: Rule) -> Rule:
        RULES[sentence] = check
        return check

    return added


def _is_in(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@rule("core imports neither streamlit nor plotly nor fastapi")
def _core_shows_nothing(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        if source.room == "core" and _is_in(name, ("streamlit", "plotly", "fastapi")):
            yield f"line {line} imports {name}"


@rule("pages import app and core, app imports core, core imports only core")
def _rooms(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        if name.partition(".")[0] in ROOMS.keys() - ROOMS[source.room]:
            yield f"line {line} imports {name}"


@rule("inside core, imports go downward only")
def _floors(source: Source) -> Iterator[str]:
    if source.room != "core":
        return
    own = _floor(source.name)
    if own is None:
        yield f"{source.name} is in no room: give it one in CORE"
        return
    # The seams name types of upper rooms, for type checkers alone.
    for line, name in source.imports(typing_too=source.name != "core.ports"):
        other = _floor(name)
        if other is not None and other > own:
            yield f"line {line} imports {name}, which is not below {source.name}"


def _floor(name: str) -> int | None:
    """The floor of a module of core, or of what is in it; None for what is not of core."""
    room = ".".join(name.split(".")[:2])
    if room in FLOORS:
        return FLOORS[room]
    is_single = room == "core" or (ROOT / f"{room.replace('.', '/')}.py").is_file()
    return 0 if _is_in(name, ["core"]) and is_single else None


@rule("only settings reads the environment")
def _environment(source: Source) -> Iterator[str]:
    if source.name in READERS_OF_THE_ENVIRONMENT:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"}:
            yield f"line {node.lineno} uses {ast.unparse(node)}"
    for line, name in source.imports():
        if name in {"os.environ", "os.environb", "os.getenv"}:
            yield f"line {line} imports {name}"


@rule("only app.charts imports plotly; others may name its types")
def _charts(source: Source) -> Iterator[str]:
    for line, name in source.imports(typing_too=False):
        if _is_in(name, ["plotly"]) and not _is_in(source.name, ["app.charts"]):
            yield f"line {line} imports {name}"


@rule("only app.api and app.web import what serves HTTP, and app.api imports nothing of the dashboard's")
def _serving(source: Source) -> Iterator[str]:
    if _is_in(source.name, ["app.web"]):
        return
    inside = _is_in(source.name, ["app.api"])
    wrong = ("streamlit", "plotly", "app.queries.services", "app.components") if inside else SERVING
    for line, name in source.imports():
        if _is_in(name, wrong):
            yield f"line {line} imports {name}"


@rule("app.charts does not import streamlit")
def _charts_alone(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        if _is_in(name, ["streamlit"]) and _is_in(source.name, ["app.charts"]):
            yield f"line {line} imports {name}"


@rule("only app.queries.services caches")
def _caches(source: Source) -> Iterator[str]:
    if source.name == "app.queries.services":
        return
    for node in source.nodes:
        name = node.attr if isinstance(node, ast.Attribute) else node.name if isinstance(node, ast.alias) else ""
        if name.rpartition(".")[2] in {"cache_data", "cache_resource"}:
            yield f"line {node.lineno} uses {name}"  # type: ignore[attr-defined]


@rule("no HTML of our own")
def _html(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.keyword) and node.arg == "unsafe_allow_html":
            yield f"line {node.value.lineno} allows unsafe HTML"
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith("components.v1"):
            yield f"line {node.lineno} uses components.v1"
    for line, name in source.imports():
        if _is_in(name, ["streamlit.components.v1"]):
            yield f"line {line} imports {name}"


@rule("nothing stored is ever run: no pickle, no joblib.load, no eval, no exec")
def _data_not_code(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        if name.partition(".")[0] in UNSAFE or (name.startswith("joblib") and name != "joblib.dump"):
            yield f"line {line} imports {name}"
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and "pickle" in node.attr:
            yield f"line {node.lineno} names {node.attr}"
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        unpickled = any(word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in node.keywords)
        if unpickled or name in {"eval", "exec", "__import__"} or name.endswith("joblib.load"):
            yield f"line {node.lineno} calls {name}"


@rule("no bare and no blind except")
def _excepts(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            caught = ["everything"] if node.type is None else _names(node.type)
            if BLIND & set(caught):
                yield f"line {node.lineno} catches {' and '.join(caught)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            suppressed = {ast.unparse(argument) for argument in node.args}
            yield from (f"line {node.lineno} suppresses {name}" for name in suppressed & BLIND)


def _names(node: ast.expr) -> list[str]:
    return [ast.unparse(name) for name in (node.elts if isinstance(node, ast.Tuple) else [node])]


@rule("no print: results go to stdout by sys.stdout, words to the log or to stderr")
def _prints(source: Source) -> Iterator[str]:
    for line, name in source.calls:
        if name in {"print", "pprint", "pprint.pprint"}:
            yield f"line {line} prints"


@rule("no time without a zone")
def _times(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        naive = name.endswith("datetime.now") and not (node.args or node.keywords)
        if naive or name.endswith(("datetime.utcnow", "datetime.today", "date.today", "utcfromtimestamp")):
            yield f"line {node.lineno} calls {name}"


@rule("below home.py, nothing of core takes a home or its settings")
def _homes(source: Source) -> Iterator[str]:
    if source.room != "core" or _is_in(source.name, ("core.home", "core.stores", "core.settings")):
        return
    for node in source.nodes:
        if isinstance(node, ast.arg) and node.annotation is not None:
            named = {each.id for each in ast.walk(node.annotation) if isinstance(each, ast.Name)}
            if named & {"Home", "Settings", "Stores"}:
                yield f"line {node.lineno} takes {ast.unparse(node.annotation)}"


@rule("policies are made in their room, locks in core.locks")
def _made_in_their_room(source: Source) -> Iterator[str]:
    for line, name in source.calls:
        if name == "Policy" and not _is_in(source.name, ["core.policy"]):
            yield f"line {line} makes a policy: ask home.policies.in_force"
        if name.endswith("FileLock") and source.name != "core.locks":
            yield f"line {line} makes a lock"


@rule("few know the library behind the model that leads")
def _library(source: Source) -> Iterator[str]:
    if source.name in KNOW_THE_LIBRARY:
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"\b(xgb|booster)\b", line):
            yield f"line {number} names it"


@rule("few know which database it is")
def _database(source: Source) -> Iterator[str]:
    if source.name in KNOW_THE_DATABASE or source.name.startswith("core.store.migrations"):
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"sqlite|PRAGMA|json_each", line.partition("#")[0]):
            yield f"line {number} knows it"


@rule("what is missing in a table is a dash, not the word None")
def _dashes(source: Source) -> Iterator[str]:
    for node in source.nodes:
        draws = isinstance(node, ast.Call) and ast.unparse(node.func) == "st.dataframe"
        if draws and "placeholder" not in {word.arg for word in node.keywords}:
            yield f"line {node.lineno} gives no placeholder"


@rule("no file of core is longer than 350 lines")
def _length(source: Source) -> Iterator[str]:
    lines = len(source.text.splitlines())
    if source.room == "core" and lines > 350:
        yield f"it has {lines} lines"


def cycles(sources: Iterable[Source]) -> list[str]:
    """The modules of one import cycle, if there is any; imports for type hints alone close no cycle."""
    known = {source.name: source for source in sources}
    graph = {name: _imported(source, known.keys()) - {name} for name, source in known.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def _imported(source: Source, known: Iterable[str]) -> set[str]:
    """Modules this one imports: `from core.data import schema` is the module, `... import Schema` its home."""
    names = [name for _, name in source.imports(typing_too=False)]
    return {part for name in names for part in [name if name in known else name.rpartition(".")[0]] if part in known}


@pytest.mark.parametrize("sentence", RULES)
def test_the_whole_house_keeps_the_rule_that(sentence: str) -> None:
    breaks = [f"{source.name}: {found}" for source in SOURCES for found in RULES[sentence](source)]

    assert not breaks, "\n".join([f"The rule is: {sentence}.", *breaks])


def test_no_room_is_too_large() -> None:
    lines, files = Counter[str](), Counter[str]()
    for source in SOURCES:
        if source.room == "core" and not source.is_package:
            lines[source.name.rpartition(".")[0]] += len(source.text.splitlines())
            files[source.name.rpartition(".")[0]] += 1
    assert {room: number for room, number in files.items() if number > MOST_FILES} == {}
    share = {room: number / lines.total() for room, number in lines.items()}
    assert {room: f"{part:.0%}" for room, part in share.items() if part > MOST_OF_CORE} == {}


def test_no_module_imports_itself_in_a_circle() -> None:
    assert not cycles(SOURCES)


def test_the_rules_look_at_both_core_and_app() -> None:
    assert {"core.settings", "core.schema.schema", "app.bootstrap", "app.cli"} <= {source.name for source in SOURCES}


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="there is no README.md yet")
@pytest.mark.parametrize("command", ["python3 -m app", "python3 -m app test"])
def test_the_readme_shows_the_command(command: str) -> None:
    lines = [line.strip().removeprefix("$ ").partition("#")[0].strip() for line in _readme().splitlines()]

    assert command in lines or f"`{command}`" in _readme()


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


BROKEN: Final = [
    (_dashes, "app.components.x", "st.dataframe(frame, hide_index=True)"),
    (_core_shows_nothing, "core.data.x", "def f():\n    import plotly.express"),
    (_core_shows_nothing, "core.data.x", "from streamlit import cache_data"),
    (_rooms, "core.data.x", "import app.words"),
    (_rooms, "app.x", "from pages import review"),
    (_rooms, "pages.x", "from pages.review import y"),
    (_rooms, "app.x", "from ..pages import review"),
    (_floors, "core.data.x", "from core.scoring.scorer import Scorer"),
    (_floors, "core.data.x", "from core import model"),
    (_floors, "core.data.x", "def f():\n    from ..scoring import runs"),
    (_floors, "core.retraining.x", "import core.monitoring.drift"),
    (_floors, "core.settings", "from core.store import database"),
    (_floors, "core.cellar.x", "x = 1"),
    (_environment, "core.jobs", "import os\nos.environ['A']"),
    (_environment, "app.x", "from os import getenv"),
    (_charts, "app.components.x", "import plotly.graph_objects as go"),
    (_serving, "core.scoring.x", "from pydantic import BaseModel"),
    (_serving, "app.commands.x", "def f():\n    import uvicorn"),
    (_serving, "app.api.x", "from app.queries.services import settings"),
    (_charts_alone, "app.charts.scores", "import streamlit as st"),
    (_caches, "pages.x", "import streamlit as st\n@st.cache_data\ndef f(): ..."),
    (_caches, "app.session", "from streamlit import cache_resource"),
    (_html, "pages.x", "st.markdown(text, unsafe_allow_html=True)"),
    (_html, "app.components.x", "st.components.v1.html(text)"),
    (_html, "app.components.x", "from streamlit.components.v1 import html"),
    (_data_not_code, "core.model.x", "from joblib import load"),
    (_data_not_code, "core.model.x", "import joblib\njoblib.load(path)"),
    (_data_not_code, "core.model.x", "import pickle"),
    (_data_not_code, "core.model.x", "eval(text)"),
    (_data_not_code, "core.data.x", "pd.read_pickle(path)"),
    (_data_not_code, "core.data.x", "np.load(path, allow_pickle=True)"),
    (_excepts, "app.x", "try: f()\nexcept: ..."),
    (_excepts, "app.x", "try: f()\nexcept (ValueError, Exception): ..."),
    (_excepts, "app.x", "with contextlib.suppress(Exception): f()"),
    (_prints, "core.x", "print(1)"),
    (_times, "core.x", "datetime.now()"),
    (_times, "core.x", "datetime.datetime.utcnow()"),
    (_length, "core.x", "\n" * 351),
    (_homes, "core.review.queue", "def f(home: Home) -> None: ..."),
    (_homes, "core.review.queue", "class A:\n    def f(self, settings: Settings | None) -> None: ..."),
    (_made_in_their_room, "app.commands.x", "policy = Policy(0.1, 0.2, 0.3)"),
    (_made_in_their_room, "core.hub.x", "with FileLock(path): ..."),
    (_library, "core.scoring.x", "margin = model.booster.predict(x)"),
    (_database, "core.review.x", "from sqlalchemy.dialects import sqlite"),
    (_database, "core.review.x", "found = select(func.json_each(values))"),
]
KEPT: Final = [
    (_floors, "core.model.x", "from core.schema import schema\nfrom core.model import learner\nfrom core import jobs"),
    (_floors, "core.jobs", "from core import workers"),
    (_rooms, "pages.x", "from app import charts\nfrom core.model import learner"),
    (_charts, "app.charts.scores", "import plotly.graph_objects as go"),
    (_serving, "app.api.x", "from fastapi import FastAPI\nfrom core import keys"),
    (_charts, "app.components.x", "if TYPE_CHECKING:\n    import plotly.graph_objects as go"),
    (_data_not_code, "core.model.x", "np.load(path, allow_pickle=False)\nmodel.eval()"),
    (_excepts, "app.x", "try: f()\nexcept (ValueError, OSError): ..."),
    (_times, "core.x", "datetime.now(UTC)"),
]


@pytest.mark.parametrize(("check", "name", "text"), BROKEN)
def test_a_file_that_breaks_the_rule_is_found(check: Rule, name: str, text: str) -> None:
    assert list(check(Source(name, text)))


@pytest.mark.parametrize(("check", "name", "text"), KEPT)
def test_a_file_that_keeps_the_rule_is_left_alone(check: Rule, name: str, text: str) -> None:
    assert not list(check(Source(name, text)))


def test_every_rule_has_a_file_that_breaks_it() -> None:
    assert set(RULES.values()) == {check for check, _, _ in BROKEN}


def test_a_circle_of_imports_is_found() -> None:
    first = Source("core.data", "def f():\n    from core.data.b import g", is_package=True)
    second = Source("core.data.b", "from . import x")

    assert cycles([first, second]) == ["core.data", "core.data.b", "core.data"]
    assert not cycles([first, Source("core.data.b", "from core import errors")])
