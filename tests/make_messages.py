"""A small home of messages, for tests of what is done with texts."""

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
    (Column("body", "text", high=2_000), Column("sent_7d", "count", 0)), id="message_id", label=Label("removed"),
)  # fmt: skip
#: The same with two categories of violations.
KINDS = Schema(SCHEMA.features, id="message_id", label=Label("removed", negative="0", categories=("crypto", "contact")))
_HARMLESS = (
    "hello is the logo package still available", "thanks for the quick answer", "when can you deliver the draft",
    "I like the second version more", "can we talk about the colours", "the file is attached", "great work as always",
    "could you send an invoice", "I will order again next week", "please change the font", "is a revision included",
)  # fmt: skip
_SPAM = (
    "earn free crypto today", "write me on telegram", "cheap followers for your page", "click this link now",
    "double your money in a week", "no fees when you pay me outside", "join our channel for free crypto",
)  # fmt: skip


def messages(n: int = 600, seed: int = 0, prefix: str = "m") -> pd.DataFrame:
    """As a file has them: a third is spam, which a busy sender writes more often; few are disguised or missing."""
    random = np.random.default_rng(seed)
    spam = random.random(n) < 1 / 3
    body: list[str | None] = []
    for bad in spam:
        own, other = (_SPAM, _HARMLESS) if bad else (_HARMLESS, _SPAM)
        parts = [*random.choice(own, 2, replace=False), *random.choice(_HARMLESS, 1)]
        if random.random() < 0.1:
            parts[0] = str(random.choice(other))
        body.append(f"{' '.join(random.permutation(parts))} {random.integers(1000)}")
    body[0] = None
    sent = random.poisson(np.where(spam, 9, 4))
    return pd.DataFrame(
        {"message_id": [f"{prefix}{seed}-{at}" for at in range(n)], "removed": spam.astype(int), "body": body,
         "sent_7d": sent}
    )  # fmt: skip


def of_kinds(sent: pd.DataFrame) -> pd.DataFrame:
    """The same messages with the category of each violation as their label, by what they are about."""
    contact = sent["body"].fillna("").str.contains("telegram|channel|outside")
    kind = np.where(contact, "contact", "crypto")
    return sent.assign(removed=np.where(sent["removed"] == 1, kind, "0"))


def stored(home: Home, sent: pd.DataFrame, schema: Schema = KINDS) -> Dataset:
    """Labelled messages as a dataset of a home."""
    checked = intake.read("messages.csv", make.csv(sent), schema, need_label=True)
    return home.datasets.put(checked, schema, now=make.NOW, need_label=True)


def home_of(home: Home, schema: Schema = SCHEMA, lists: str = "") -> Home:
    """A home with a live version that has learnt from such messages. lists: the owner's phrases."""
    make.once(home, lambda: _taught(home, schema, lists), "messages", schema, lists)
    return home


def _taught(home: Home, schema: Schema, lists: str) -> None:
    home.settings.data.mkdir(parents=True)
    if lists:
        home.settings.phrases_file.write_text(lists)
    home.settings.salt_file.write_text("0" * 32 + "\n")  # the same messages in the test part each time
    schemas.save(schema, home.settings.schema_file)
    sent = of_kinds(messages()) if schema is KINDS else messages()
    if schema.inputs == ("body",):
        sent = sent.assign(body=sent["body"].fillna("hello"))  # nobody lacks a text
    version = home.training.learn(stored(home, sent, schema), schema, make.policy().thresholds, now=make.NOW)
    make.promoted(home, version)
