"""Every failure a person can meet, each with the facts and the sentence that says what to do.

TrustdeskError
├── UnusableInputError                 exit code 2: what was given cannot be used
│   ├── FileProblemError               the file as a whole: missing, a folder, empty, binary ...
│   ├── MissingColumnsError            feature, id or label columns are absent
│   ├── FeaturesError                  a user comes without features of the schema, or with others
│   ├── SchemaError                    data/schema.toml is absent or contradicts itself
│   ├── UnknownVersionError            no such model version
│   ├── UnknownItemError               no such run, dataset, row or job
│   ├── BadOptionError                 an option that cannot be used as given
│   │   └── FeatureValueError          a value of a feature that is none of its kind
│   ├── WrongFeaturesError             the champion was trained on other features
│   ├── TextsErasedError               what people wrote was erased at its end
│   ├── TooFewRowsError                not enough labelled rows to train or judge a model
│   ├── NoScoreError                   a model whose score of a user is not a finite number
│   ├── ClusterError                   a cluster that scores does not answer, or not as this program needs
│   ├── RemoteError                    a database or bucket did not give or take what it was asked
│   │   └── CutError                   its connection was cut, also when that was tried again
│   ├── HubError                       a Hub could not be reached, or did not give or take what it was asked
│   ├── StorageError                   the disk is full, or the place may not be used
│   │   ├── BusyError                  something else has held the database for too long
│   │   ├── DamagedDatabaseError       the database is none, or is broken
│   │   └── GoneError                  a folder or file of the home is not there any more
│   ├── NewerFormatError               a stored file that a newer version of the program wrote
│   ├── MigrationError                 a database of before could not be made one of today
│   └── OutputError                    stdout did not take all that was to be written
├── DamagedModelError                  exit code 4: a model file differs from its checksum
├── RefusedError                       exit code 4: a check said no
│   ├── UnsafeFileError                a repo holds what is not taken into a home
│   ├── NotAllowedError                the role of this person does not allow it
│   ├── SignInError                    name and password do not fit
│   ├── TooOftenError                  somebody tries more passwords than anybody needs
│   ├── CrowdedError                   too many passwords are looked at already
│   └── KeyRefusedError                a key of the API that does not let anybody in
└── CancelledError                     exit code 130: a person stopped it
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

#: Letters of a name that a sentence shows: a file that is no table may have a column named with all of it.
LONGEST: Final = 200


class TrustdeskError(Exception):
    """A failure with a sentence for the person in front of it; `str(error)` is that sentence.

    What was stored before it happened (`stored`) is said after it.
    """

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return " ".join([super().__str__(), *getattr(self, "__notes__", ())])


@contextlib.contextmanager
def stored(what: str) -> Iterator[None]:
    """Have whatever goes wrong meanwhile say that something was stored before it: a sentence, and what to do now."""
    try:
        yield
    except (TrustdeskError, OSError, KeyboardInterrupt) as error:
        error.add_note(what)
        raise


class UnusableInputError(TrustdeskError):
    exit_code = 2


class FileProblemError(UnusableInputError):
    """A file that cannot be read as a table at all.

    `code` is stable and short (`empty_file`, `binary_file` ...); `sentence` says what to do.
    """

    def __init__(self, name: str, code: str, sentence: str) -> None:
        self.name, self.code = name, code
        super().__init__(f"{name}: {sentence}")


class MissingColumnsError(UnusableInputError):
    """Columns the schema asks for are absent from the file."""

    def __init__(self, name: str, columns: Sequence[str], *, can_allow: bool = False) -> None:
        self.name, self.columns = name, tuple(columns)
        verb = "is" if len(columns) == 1 else "are"
        them = "it" if len(columns) == 1 else "them"
        advice = (
            f" Scores without {them} would be guesses: add {them}, or go on with {them} as missing (--allow-missing)."
            if can_allow
            else f" Add {them} to the file, or change data/schema.toml."
        )
        super().__init__(f"{listed(columns)} {verb} missing from {name}.{advice}")


class FeaturesError(UnusableInputError):
    """A user whose values are not those the schema asks for: names without a value, names nobody knows."""

    def __init__(self, absent: Sequence[str], unknown: Sequence[str]) -> None:
        self.absent, self.unknown = tuple(absent), tuple(unknown)
        parts = [f"{listed(absent)} {'is' if len(absent) == 1 else 'are'} missing"] * bool(absent)
        parts += [f"{listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not in the schema"] * bool(unknown)
        advice = " Give each feature a number, or null where it is not known." if absent else ""
        super().__init__(f"{' and '.join(parts)}.{advice}")


class SchemaError(UnusableInputError):
    """The schema of this home is absent, unreadable or contradicts itself."""


class UnknownVersionError(UnusableInputError):
    def __init__(self, version: str, known: Sequence[str]) -> None:
        self.version, self.known = version, tuple(known)
        wanted = f"model {version}" if version else "live model"
        have = f"This workspace has {listed(known)}." if known else "This workspace has no model yet: train one first."
        super().__init__(f"There is no {wanted}. {have}")


class UnknownItemError(UnusableInputError):
    """A run, dataset, row or job that this home does not hold."""

    def __init__(self, what: str, key: str) -> None:
        self.what, self.key = what, key
        super().__init__(f"This workspace has no {what} {key}.")


class BadOptionError(UnusableInputError):
    def __init__(self, option: str, sentence: str) -> None:
        self.option = option
        super().__init__(f"{option}: {sentence}")


class FeatureValueError(BadOptionError):
    """A value of a feature that is none of its kind."""


class WrongFeaturesError(UnusableInputError):
    """The model expects other features than the schema of this home has."""

    def __init__(self, version: str, absent: Sequence[str]) -> None:
        self.version, self.absent = version, tuple(absent)
        super().__init__(
            f"Model {version} needs {listed(absent)}, which data/schema.toml of this workspace does not name. "
            "Train a model on this workspace's own columns."
        )


class TextsErasedError(UnusableInputError):
    """What people wrote is needed and was erased at its end. `names`: of the columns."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"The texts of {listed(names)} were erased at their end ([messages] in data/settings.toml): without them "
            "nothing can be scored, explained or learnt here. Give the file again if you may keep it."
        )


class NoScoreError(UnusableInputError):
    """What a model says of some users is not a finite number, and so no score. `at`: their positions among those asked.

    Never tells of their values.
    """

    def __init__(self, version: str, at: Sequence[int], of: int) -> None:
        self.version, self.at = version, tuple(at)
        whom = "this user" if of == 1 else f"{len(self.at):,} of {of:,} users"
        super().__init__(
            f"Model {version} gives {whom} no score: what it works out is not a finite number. "
            "Nothing is decided on that. Check the values, and promote another version if they are right."
        )


class TooFewRowsError(UnusableInputError):
    def __init__(self, name: str, positives: int, negatives: int, needed: int) -> None:
        self.positives, self.negatives, self.needed = positives, negatives, needed
        least = "one of each is" if needed == 1 else f"{needed} of each are"
        super().__init__(
            f"{name} has {positives:,} positive and {negatives:,} negative labels; at least {least} needed."
        )


class StorageError(UnusableInputError):
    def __init__(self, path: str, reason: str, sentence: str = "") -> None:
        """`sentence`: what to say instead of that the place cannot be written."""
        self.path, self.reason = path, reason
        advice = "Make room or choose another place, then try again."
        super().__init__(sentence or f"{path} cannot be written: {reason}. {advice}")


class BusyError(StorageError):
    def __init__(self, path: str) -> None:
        advice = "Try again, and end what holds it if that does not help."
        super().__init__(path, "in use", f"{path} is in use by something else, for too long to wait. {advice}")


class DamagedDatabaseError(StorageError):
    def __init__(self, path: str, reason: str) -> None:
        advice = "Restore a backup of the workspace, or put the newest whole copy of this file in its place."
        super().__init__(path, reason, f"{path} is damaged: {reason}. {advice}")


class GoneError(StorageError):
    def __init__(self, path: str) -> None:
        advice = "Put it back, or restore a backup of the workspace; then start again."
        super().__init__(path, "gone", f"{path} is gone: it was removed or moved away. {advice}")


class NewerFormatError(UnusableInputError):
    """A stored file that a newer version of the program wrote; `found` says what this one does not know of it."""

    def __init__(self, path: str, found: str) -> None:
        self.path, self.found = path, found
        super().__init__(
            f"{path} was written by a newer version of Trustdesk ({found}). "
            "Update the program, or restore a backup of before."
        )


class MigrationError(UnusableInputError):
    """A revision of the database failed; nothing of it stayed."""

    def __init__(self, path: str, before: str, after: str, reason: str, copy: str) -> None:
        self.path, self.reason, self.copy = path, reason, copy
        super().__init__(
            f"{path} could not be brought from revision {before} to {after}: {reason}. It is as it was, "
            f"and a copy of it is {copy}. Go on with the version of Trustdesk of before, and report this."
        )


class OutputError(UnusableInputError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Not all of the result could be written to stdout: {reason}. What was written is incomplete.")


class ClusterError(UnusableInputError):
    """A cluster cannot be used. What was done before is kept, so that the same work goes on, unless it is lost."""

    def __init__(self, reason: str, *, lost: bool = False) -> None:
        goes_on = "The same again goes on where this one stopped."
        again = "Nothing was learnt: give the command again." if lost else goes_on
        super().__init__(f"The cluster cannot go on: {reason}. {again}")


class RemoteError(UnusableInputError):
    """A database or a bucket that could not be reached, or did not give or take what it was asked.

    Never carries a secret. What was done before is kept, so that the same work goes on.
    """


class CutError(RemoteError):
    """A connection that could not be made or was cut: another try may help."""


class HubError(UnusableInputError):
    """A Hub could not be reached, or did not give or take what it was asked. Never carries a token."""


class DamagedModelError(TrustdeskError):
    """A file of a model version is absent or differs from SHA256SUMS; nothing of it was loaded."""

    exit_code = 4

    def __init__(self, version: str, file: str, sentence: str) -> None:
        self.version, self.file, self.sentence = version, file, sentence
        super().__init__(f"Model {version} was not loaded: {file} {sentence}. Restore it or roll back.")


class RefusedError(TrustdeskError):
    exit_code = 4


class UnsafeFileError(RefusedError):
    """A file of a repo that is not taken into a home; `place` says which repo, `sentence` goes on after the file."""

    def __init__(self, place: str, file: str, sentence: str) -> None:
        self.place, self.file = place, file
        super().__init__(f"Nothing was taken from {place}: {file} {sentence}.")


class NotAllowedError(RefusedError):
    """`role` is None for somebody who has no account."""

    def __init__(self, name: str, role: str | None, deed: str) -> None:
        self.name, self.role, self.deed = name, role, deed
        if role is None:
            super().__init__(f"{name} has no account here, which it takes to {deed}. Ask an admin for one.")
        else:
            super().__init__(f"{name} is {_a(role)} here, a role that may not {deed}. Ask an admin for another role.")


class SignInError(RefusedError):
    """Says the same of an unknown name, a wrong password and a locked account."""

    def __init__(self) -> None:
        super().__init__(
            "Name and password do not fit, or there were too many attempts. Try again, or wait a quarter of an hour."
        )


class TooOftenError(RefusedError):
    """`wait`: seconds until another attempt is looked at."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__(f"Too many passwords were tried from here. Wait {math.ceil(wait)} s, then try again.")


class CrowdedError(RefusedError):
    def __init__(self) -> None:
        super().__init__("Many people sign in at this moment, and this password was not looked at. Try again.")


class KeyRefusedError(RefusedError):
    """Says the same of an unknown, a forged, an expired and a revoked key."""

    def __init__(self) -> None:
        super().__init__("This key lets nobody in: it is unknown, expired or revoked. Ask an admin for another one.")


class CancelledError(TrustdeskError):
    exit_code = 130

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was cancelled. Nothing was changed.")


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def listed(names: Sequence[str], *, most: int = 8) -> str:
    """Join names as a person would, naming at most `most` of them.

    >>> listed(["X7", "X12"])
    'X7 and X12'
    >>> listed([f"X{i}" for i in range(1, 12)], most=3)
    'X1, X2, X3 and 8 more'
    """
    shown = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"
