"""Errors write their own sentences, and the tree drawn in the docstring is the tree there is."""

from __future__ import annotations

import re

import pytest

from core import errors
from core.errors import (
    BadOptionError,
    BusyError,
    CancelledError,
    ClusterError,
    CrowdedError,
    CutError,
    DamagedDatabaseError,
    DamagedModelError,
    FeaturesError,
    FeatureValueError,
    FileProblemError,
    GoneError,
    HubError,
    KeyRefusedError,
    MigrationError,
    MissingColumnsError,
    NewerFormatError,
    NoScoreError,
    NotAllowedError,
    OutputError,
    RefusedError,
    RemoteError,
    SchemaError,
    SignInError,
    StorageError,
    TextsErasedError,
    TooFewRowsError,
    TooOftenError,
    TrustdeskError,
    UnknownItemError,
    UnknownVersionError,
    UnsafeFileError,
    UnusableInputError,
    WrongFeaturesError,
    listed,
)

#: One of each leaf of the tree, with its whole sentence and exit code.
SENTENCES = [
    (
        FileProblemError("users.csv", "empty_file", "the file is empty."),
        "users.csv: the file is empty.",
        2,
    ),
    (
        MissingColumnsError("users.csv", ["X7"], can_allow=True),
        "X7 is missing from users.csv. Scores without it would be guesses: add it, or go on with it as missing "
        "(--allow-missing).",
        2,
    ),
    (
        MissingColumnsError("users.csv", ["user_id", "label"]),
        "user_id and label are missing from users.csv. Add them to the file, or change data/schema.toml.",
        2,
    ),
    (
        FeaturesError(["X7", "X9"], ["Z1"]),
        "X7 and X9 are missing and Z1 is not in the schema. Give each feature a number, or null where it is not known.",
        2,
    ),
    (
        NoScoreError("v0001", (0, 3), 5),
        "Model v0001 gives 2 of 5 users no score: what it works out is not a finite number. Nothing is decided on "
        "that. Check the values, and promote another version if they are right.",
        2,
    ),
    (
        OutputError("No space left on device"),
        "Not all of the result could be written to stdout: No space left on device. What was written is incomplete.",
        2,
    ),
    (
        NewerFormatError("data/state.db", "revision 0007"),
        "data/state.db was written by a newer version of Trustdesk (revision 0007). Update the program, or restore a "
        "backup of before.",
        2,
    ),
    (
        MigrationError("data/state.db", "0001", "0002", "no such table: x", "data/state.db.before-0001"),
        "data/state.db could not be brought from revision 0001 to 0002: no such table: x. It is as it was, and a copy "
        "of it is data/state.db.before-0001. Go on with the version of Trustdesk of before, and report this.",
        2,
    ),
    (FeaturesError([], ["Z1", "Z2"]), "Z1 and Z2 are not in the schema.", 2),
    (
        KeyRefusedError(),
        "This key lets nobody in: it is unknown, expired or revoked. Ask an admin for another one.",
        4,
    ),
    (SchemaError("The schema names no feature."), "The schema names no feature.", 2),
    (
        UnknownVersionError("v0009", ["v0001", "v0002"]),
        "There is no model v0009. This workspace has v0001 and v0002.",
        2,
    ),
    (
        UnknownVersionError("", []),
        "There is no live model. This workspace has no model yet: train one first.",
        2,
    ),
    (UnknownItemError("run", "r-0007"), "This workspace has no run r-0007.", 2),
    (BadOptionError("--port", "give a number."), "--port: give a number.", 2),
    (
        TextsErasedError(["body"]),
        "The texts of body were erased at their end ([messages] in data/settings.toml): without them nothing can be "
        "scored, explained or learnt here. Give the file again if you may keep it.",
        2,
    ),
    (
        WrongFeaturesError("v0001", ["X1", "X2"]),
        "Model v0001 needs X1 and X2, which data/schema.toml of this workspace does not name. "
        "Train a model on this workspace's own columns.",
        2,
    ),
    (
        TooFewRowsError("users.csv", 3, 12_000, 30),
        "users.csv has 3 positive and 12,000 negative labels; at least 30 of each are needed.",
        2,
    ),
    (
        TooFewRowsError("the test part of users.csv", 0, 5, 1),
        "the test part of users.csv has 0 positive and 5 negative labels; at least one of each is needed.",
        2,
    ),
    (
        StorageError("scored.csv", "No space left on device"),
        "scored.csv cannot be written: No space left on device. Make room or choose another place, then try again.",
        2,
    ),
    (
        BusyError("state.db"),
        "state.db is in use by something else, for too long to wait. "
        "Try again, and end what holds it if that does not help.",
        2,
    ),
    (
        DamagedDatabaseError("state.db", "file is not a database"),
        "state.db is damaged: file is not a database. "
        "Restore a backup of the workspace, or put the newest whole copy of this file in its place.",
        2,
    ),
    (
        GoneError("home/data"),
        "home/data is gone: it was removed or moved away. "
        "Put it back, or restore a backup of the workspace; then start again.",
        2,
    ),
    (FeatureValueError("links", "give a number."), "links: give a number.", 2),
    (RemoteError("There is no such bucket."), "There is no such bucket.", 2),
    (CutError("The connection was cut."), "The connection was cut.", 2),
    (
        ClusterError("no worker of it is left"),
        "The cluster cannot go on: no worker of it is left. The same again goes on where this one stopped.",
        2,
    ),
    (HubError("huggingface.co cannot be reached."), "huggingface.co cannot be reached.", 2),
    (
        DamagedModelError("v0001", "model.ubj", "differs from SHA256SUMS"),
        "Model v0001 was not loaded: model.ubj differs from SHA256SUMS. Restore it or roll back.",
        4,
    ),
    (RefusedError("The schema is there already."), "The schema is there already.", 4),
    (
        UnsafeFileError("ada/spam", "x.pkl", "runs code"),
        "Nothing was taken from ada/spam: x.pkl runs code.",
        4,
    ),
    (
        NotAllowedError("Ada", "analyst", "judge"),
        "Ada is an analyst here, a role that may not judge. Ask an admin for another role.",
        4,
    ),
    (
        NotAllowedError("Ada", None, "judge"),
        "Ada has no account here, which it takes to judge. Ask an admin for one.",
        4,
    ),
    (TooOftenError(5.2), "Too many passwords were tried from here. Wait 6 s, then try again.", 4),
    (
        CrowdedError(),
        "Many people sign in at this moment, and this password was not looked at. Try again.",
        4,
    ),
    (
        SignInError(),
        "Name and password do not fit, or there were too many attempts. Try again, or wait a quarter of an hour.",
        4,
    ),
    (CancelledError("Reasons of r-0001"), "Reasons of r-0001 was cancelled. Nothing was changed.", 130),
]


def families() -> list[type[TrustdeskError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TrustdeskError)]


def drawn(text: str) -> dict[str, str]:
    """Parent by name, of a tree drawn with box characters four columns wide."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in text.splitlines():
        found = re.match(r"^((?:[│ ]   )*(?:[├└]── )?)(\w+Error)\b", line)
        if found:
            path = [*path[: len(found[1]) // 4], found[2]]
            parents[found[2]] = path[-2] if len(path) > 1 else "Exception"
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert drawn(errors.__doc__ or "") == {kind.__name__: kind.__mro__[1].__name__ for kind in families()}


def test_the_exit_codes_in_the_docstring_are_those_of_the_classes() -> None:
    told = dict(re.findall(r"(\w+Error) +exit code (\d+)", errors.__doc__ or ""))
    assert set(told) == {"UnusableInputError", "DamagedModelError", "RefusedError", "CancelledError"}
    assert {name: vars(errors)[name].exit_code for name in told} == {name: int(code) for name, code in told.items()}


@pytest.mark.parametrize(("error", "sentence", "code"), SENTENCES)
def test_an_error_is_a_sentence_and_an_exit_code(error: TrustdeskError, sentence: str, code: int) -> None:
    assert (str(error), error.exit_code) == (sentence, code)


def test_every_error_that_can_be_met_has_its_sentence_here() -> None:
    assert {type(error) for error, _, _ in SENTENCES} == {*families()} - {TrustdeskError, UnusableInputError}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "nothing"),
        (["a"], "a"),
        (["a", "b", "c"], "a, b and c"),
        ([*"abcdefgh"], "a, b, c, d, e, f, g and h"),
        ([*"abcdefghi"], "a, b, c, d, e, f, g, h and 1 more"),
    ],
)
def test_names_are_listed_as_a_person_would(names: list[str], words: str) -> None:
    assert listed(names) == words
