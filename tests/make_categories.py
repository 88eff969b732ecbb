"""A small home of labelled messages, for tests of what is done with texts and categories."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data import intake
from core.data.datasets import Dataset
from core.home import Home
from core.schema import schema as schemas
from core.schema.schema import Column, Label, Schema
from tests import make

SCHEMA = Schema(
    (Column("body", "text", high=10_000), Column("links", "count", 0)),
    id="id",
    label=Label("type", negative="fine", categories=("spam", "abuse")),
    author="author",
)
#: What nobody may see rendered, or have their screen turned round by.
HOSTILE = "# <b>big</b> $x$ :material/home: \u202e[click](http://bad.example) =1+1 " + "very long " * 100
_WORDS = {
    "fine": ("see", "you", "at", "lunch", "tomorrow", "thanks", "a", "lot"),
    "spam": ("win", "a", "free", "prize", "now", "cash", "click", "here"),
    "abuse": ("you", "stupid", "idiot", "go", "away", "nobody", "likes", "losers"),
}


def messages(n: int = 240, seed: int = 0) -> pd.DataFrame:
    """As a file has them; two of a text that is fine for one and abuse for another, and one that is hostile."""
    random = np.random.default_rng(seed)
    kinds = random.choice([*_WORDS], n, p=[0.6, 0.25, 0.15])
    texts = [" ".join(random.choice(_WORDS[kind], 9)) + f" {at}" for at, kind in enumerate(kinds)]
    frame = pd.DataFrame(
        {
            "id": [f"m{seed}-{at}" for at in range(n)], "type": kinds, "body": texts, "links": random.poisson(1, n),
            "author": random.choice(["ann", "bob", "cy"], n),
        }
    )  # fmt: skip
    frame.loc[:1, ["type", "body", "links"]] = [["fine", "You  go away", 1], ["abuse", "you go away", 1]]
    frame.loc[2, "body"] = HOSTILE
    return frame


def home_of(home: Home) -> Dataset:
    """Give a home its columns, and these messages as a dataset."""
    home.settings.data.mkdir(parents=True)
    home.settings.salt_file.write_text("0" * 32 + "\n")  # the same texts in the test part each time
    schemas.save(SCHEMA, home.settings.schema_file)
    checked = intake.read("messages.csv", make.csv(messages()), SCHEMA, need_label=True)
    return home.datasets.put(checked, SCHEMA, now=make.NOW, need_label=True)
