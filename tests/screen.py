"""What a page shows, read off AppTest: for tests that look at screens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Node
from streamlit.util import calc_hash

from app import guide
from core.home import Home
from core.jobs import Job
from core.scoring.runs import Run
from core.settings import ROOT

#: The fixtures of tests/pages/conftest.py.
Visit = Callable[..., AppTest]
Upload = Callable[..., AppTest]
Scored = Callable[..., Run]
#: What stands behind the Help buttons.
HELPS: Final = frozenset(guide.of(path.stem).help for path in (ROOT / "pages").glob("*.py"))
#: Fields of messages that are never read as markdown: ids, options of menus and the chosen ones, descriptions for
#: readers, data.
NOT_MARKDOWN: Final = frozenset({"id", "options", "columns", "spec", "alt", "raw_value", "raw_values"})


def at_page(page: str) -> AppTest:
    """A visitor about to open a page by its address, as a link does: `at_page("score_file").run()`."""
    at = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=200)
    if page != "overview":
        # `switch_page` learns the addresses of pages from a first run, and so would have everybody open Overview.
        at._page_hash = calc_hash(page.replace("_", "-"))
    return at


def errors(at: AppTest) -> list[str]:
    """The sentences of the page's error boxes."""
    return [error.value for error in at.error]


def sentences(at: AppTest) -> str:
    """All markdown and captions of the page, a line each, without the help behind its button."""
    return "\n".join([element.value for element in (*at.markdown, *at.caption) if element.value not in HELPS])


def markdown(at: AppTest) -> Iterator[str]:
    """Every text that the browser is told to read as markdown, or might be: bodies, labels, helps."""
    for node in _nodes(at._tree):
        yield from _texts(node.proto)


def _nodes(node: Node) -> Iterator[Any]:
    if getattr(node, "proto", None) is not None:
        yield node
    for child in getattr(node, "children", {}).values():
        yield from _nodes(child)


def _texts(message: Any) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.name in NOT_MARKDOWN:
            continue
        for single in value if field.is_repeated else [value]:
            if field.type == field.TYPE_MESSAGE:
                yield from _texts(single)
            elif field.type == field.TYPE_STRING:
                yield single


def over(home: Home, identity: str, *, within: float = 200) -> Job:
    """The job of this identity, once it is over."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        job = home.jobs.look(identity)
        if job is not None and job.over:
            return job
        time.sleep(0.1)
    raise TimeoutError(identity)
