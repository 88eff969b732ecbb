"""Names of files of watched folders that name a user, and of these folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.catalog import folder_watch
from core.catalog.erasure.who import Part, Who
from core.formats import shown
from core.wording import count


def parts(states: Path, who: Who, *, erase: bool) -> Iterator[Part]:
    """What there is of a user, erased where that is asked for; the file itself is not the workspace's."""
    for state in sorted(states.glob("*.json")):
        if number := folder_watch.renamed(state, who.struck, write=erase):
            yield Part(shown(state), f"the id in {count(number, 'name')} of files and folders")
