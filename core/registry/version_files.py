"""The files of a version as they are read: whole, as SHA256SUMS has them, and what is wrong with one in a sentence."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from core import formats
from core.errors import BadOptionError, DamagedModelError, NewerFormatError
from core.model import tree_check
from core.model.categories.head import MOST, CategoryHead
from core.model.encoding import Encoding
from core.model.trees import loaded
from core.registry import sums
from core.registry.metadata import Metadata
from core.store import strict_json
from core.text import files as text_files
from core.text.lists import phrases as phrase_lists
from core.text.lists.phrases import Phrases
from core.text.text_model import TextModel

#: The models of texts, of a version that has some.
TEXTS: Final = (text_files.FACTS, text_files.WEIGHTS)
#: The owner's phrases that a version was trained with, as they were written.
PHRASES: Final = phrase_lists.FILE
#: Which categories a version tells apart, and the trees that tell each from the others.
CATEGORIES: Final = "categories.json"
HEADS: Final = tuple(f"category_{number}.ubj" for number in range(1, MOST + 1))
FORMAT: Final = 1
#: Longest word on what is wrong with a file, in characters.
MOST_SAID: Final = 160


@contextlib.contextmanager
def read(folder: Path, name: str) -> Iterator[bytes]:
    """A file's content, which fits its sum; what is wrong with it makes the version a damaged one."""
    content = sums.content(folder, name)
    with telling(folder, name):
        yield content


@contextlib.contextmanager
def telling(folder: Path, name: str) -> Iterator[None]:
    try:
        yield
    except NewerFormatError as error:
        sentence = f"was written by a newer version of Trustdesk ({error.found}), so update the program"
        raise DamagedModelError(folder.name, name, sentence) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        why = strict_json.legible(str(error), MOST_SAID)
        raise DamagedModelError(folder.name, "a file", f"cannot be read ({name}: {why})") from error


def texts_of(folder: Path, metadata: Metadata) -> Mapping[str, TextModel]:
    """The models of the columns of text of a version, by column. Raises DamagedModelError."""
    names = {feature.name for feature in metadata.features if feature.kind == "text"}
    there = [name for name in TEXTS if name in sums.read(folder)]
    if not names and not there:
        return {}
    if len(there) < len(TEXTS):
        sentence = f"does not go with what there is of {' and '.join(TEXTS)}"
        raise DamagedModelError(folder.name, "metadata.json", sentence)
    content = {name: sums.content(folder, name) for name in TEXTS}
    with telling(folder, TEXTS[0]):
        found: Mapping[str, TextModel] = text_files.loaded(content)
    if found.keys() != names:
        raise DamagedModelError(folder.name, "metadata.json", f"names other columns of text than {TEXTS[0]}")
    return found


def phrases_of(folder: Path, metadata: Metadata) -> Mapping[str, Phrases]:
    """The phrases that a version counts in each of its texts, by column. Raises DamagedModelError."""
    found: Mapping[str, Phrases] = {}
    if PHRASES in sums.read(folder):
        with read(folder, PHRASES) as content:
            try:
                found = dict.fromkeys(metadata.texts, phrase_lists.loads(content.decode()))
            except BadOptionError as error:
                raise ValueError(str(error)) from error
    if Encoding(phrases=found).counted != metadata.counted:
        raise DamagedModelError(folder.name, "metadata.json", f"counts other phrases than those of {PHRASES}")
    return found


def head_of(folder: Path, metadata: Metadata) -> CategoryHead | None:
    """What tells the categories of a version apart, None where it has none. Raises DamagedModelError."""
    listed = sums.read(folder)
    if CATEGORIES not in listed:
        return None
    with read(folder, CATEGORIES) as content:
        raw = strict_json.parsed(content)
        formats.number(raw.get("format"), CATEGORIES, FORMAT)
        names = tuple(raw["categories"])
        if not 2 <= len({*names}) == len(names) <= MOST or not all(isinstance(name, str) and name for name in names):
            raise ValueError(f"has no list of 2 to {MOST} categories")
    files = HEADS[: len(names)]
    if [name for name in HEADS if name in listed] != [*files]:
        raise DamagedModelError(folder.name, CATEGORIES, "does not go with the trees of its categories")
    wide = len(metadata.names) + len(metadata.texts) * len(names)
    trees = []
    for name in files:
        with read(folder, name) as content:
            if tree_check.features(content) != wide:
                raise ValueError(f"has {tree_check.features(content)} features, not {wide}")
            trees.append(loaded(content))
    return CategoryHead(names, tuple(trees))


def write_head(folder: Path, head: CategoryHead) -> tuple[str, ...]:
    """Write the files that `head_of` reads; their names."""
    text = json.dumps({"format": FORMAT, "categories": list(head.names)}, indent=1, ensure_ascii=False)
    (folder / CATEGORIES).write_text(text + "\n", encoding="utf-8", newline="\n")
    files = HEADS[: len(head.names)]
    for name, trees in zip(files, head.trees, strict=True):
        trees.save(folder / name)
    return CATEGORIES, *files
