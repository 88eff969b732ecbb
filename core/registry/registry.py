"""Model versions on disk: `models/v0001/`, and `models/CHAMPION`, which names the champion.

What is promoted, by whom and why, is noted in the audit log first (`core.registry.lineage`).

A version is a folder of data, never of code: trees as XGBoost UBJ, calibration and metadata as JSON, the training
baseline as Parquet, models of texts as JSON and Parquet, and SHA256SUMS over all of them. It is published by one rename
and never changed afterwards. Loading checks every sum first. A version that was pulled from a Hub says so in
`origin.json`.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from core import formats
from core.access.accounts import Accounts
from core.data.split import Keys
from core.errors import BadOptionError, DamagedModelError, RefusedError, UnknownVersionError
from core.files import replacing, write_text
from core.model.calibrate import Calibration
from core.model.categories.head import CategoryHead
from core.model.encoding import Encoding
from core.model.families import LEADER
from core.ports import Explainer, Predictor
from core.registry import baseline, lineage, sums, version_files
from core.registry.baseline import Baseline
from core.registry.lineage import PROMOTE, ROLL_BACK, VERSION, Lineage, Promotion
from core.registry.metadata import Metadata
from core.registry.origin import Origin
from core.registry.version_files import CATEGORIES, HEADS, PHRASES, TEXTS, head_of, phrases_of, read, telling, texts_of
from core.store import chained_log, strict_json
from core.text import files as text_files
from core.text.lists.phrases import Phrases
from core.text.text_model import TextModel

TREES: Final = "model.ubj"
CALIBRATION: Final = "calibration.json"
METADATA: Final = "metadata.json"
BASELINE: Final = "baseline.parquet"
USERS: Final = "users.parquet"
ORIGIN: Final = "origin.json"
SUMS: Final = sums.SUMS
CHAMPION: Final = "CHAMPION"
FORMAT: Final = 1
#: What every version has. Who was trained on may stay where that was; only pulled versions have an origin.
NEEDED: Final = (TREES, CALIBRATION, METADATA, BASELINE)
OPTIONAL: Final = (USERS, ORIGIN, *TEXTS, PHRASES, CATEGORIES, *HEADS)
#: Longest reason for a promotion, in characters.
MOST_WHY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Model:
    """A version, checked and loaded. The baseline and the users are read only when asked for.

    `origin`: where it was pulled from, None for a version that was trained here.
    """

    version: str
    folder: Path
    predictor: Predictor
    calibration: Calibration
    metadata: Metadata
    origin: Origin | None = None
    texts: Mapping[str, TextModel] = field(default_factory=dict)
    head: CategoryHead | None = None
    phrases: Mapping[str, Phrases] = field(default_factory=dict)

    @property
    def encoding(self) -> Encoding:
        """How it turns words and texts into numbers."""
        return Encoding(self.metadata.levels, self.texts, self.phrases)

    @property
    def explainer(self) -> Explainer:
        return LEADER.explainer(self.predictor)

    def baseline(self) -> Baseline:
        """Raises DamagedModelError when it cannot be read."""
        with read(self.folder, BASELINE) as content:
            return baseline.load(io.BytesIO(content))

    def users(self) -> Keys | None:
        """Fingerprints of the users trained on, sorted (see `core.data.split.known`); None where it came without."""
        if not (self.folder / USERS).is_file():
            return None
        with read(self.folder, USERS) as content:
            return baseline.load_users(io.BytesIO(content))


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a version consists of, ready to be published."""

    predictor: Predictor
    calibration: Calibration
    metadata: Metadata
    baseline: Baseline
    users: Keys
    texts: Mapping[str, TextModel] = field(default_factory=dict)
    head: CategoryHead | None = None
    phrases: Phrases | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A version in a list. `metadata` is None when the version is damaged, and `damage` then says how."""

    version: str
    in_charge: bool
    metadata: Metadata | None
    damage: str
    promotion: Promotion | None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """The versions of a home, kept in `models`."""

    accounts: Accounts
    lineage: Lineage
    audit: Path
    models: Path

    def versions(self) -> tuple[str, ...]:
        """All published versions, oldest first."""
        if not self.models.is_dir():
            return ()
        names = [entry.name for entry in self.models.iterdir() if entry.is_dir() and VERSION.fullmatch(entry.name)]
        return tuple(sorted(names, key=lambda name: int(name[1:])))

    def champion(self) -> str | None:
        """The champion, or None before the first promotion."""
        pointer = self.models / CHAMPION
        # A byte that is no letter makes it the name of no version, which is told as such.
        return pointer.read_text(encoding="ascii", errors="replace").strip() if pointer.is_file() else None

    def publish(self, parts: Parts) -> str:
        """Store a new version under the next number and return it. Nobody ever sees half of one."""
        return self._published(lambda folder: _write(folder, parts))

    def adopt(self, source: Path, origin: Origin) -> str:
        """Store the files of a version from elsewhere, as they are, under the next number, and return that version.

        Its SHA256SUMS gets a line more, over `origin.json`. Raises as `load` does, before anything is stored.
        """
        opened(source)

        def write(folder: Path) -> None:
            for name in (*sums.read(source), SUMS):
                shutil.copyfile(source / name, folder / name)
            _write_json(folder / ORIGIN, origin.as_json())
            sums.add(folder, ORIGIN)

        return self._published(write)

    def _published(self, write: Callable[[Path], None]) -> str:
        self.models.mkdir(parents=True, exist_ok=True)
        number = int(self.versions()[-1][1:]) + 1 if self.versions() else 1
        while True:
            version = f"v{number:04d}"
            try:
                with replacing(self.models / version) as folder:
                    folder.mkdir()
                    write(folder)
            except OSError:
                if not (self.models / version).exists():
                    raise
                number += 1  # somebody published under this number meanwhile
            else:
                return version

    def promote(self, version: str, *, by: str, why: str, now: datetime) -> str | None:
        """Promote a version, after checking the role of `by` and that the version can be loaded.

        Returns the champion before; that is `version` itself, and nothing is noted, when it is live
        already. Two promotions at once come one after the other. Raises NotAllowedError, BadOptionError without a
        reason, and as `load` does.
        """
        person, reason = self.accounts.authorise(by, "promote"), reason_given(why)
        with chained_log.locked(self.audit):
            before, model = self.champion(), self.load(version)
            if version != before:
                self._put_in_charge(Promotion(version, before, PROMOTE, person.name, reason, now), model.origin)
            return before

    def warning(self, version: str) -> str:
        """That a version ranks worse than the champion, as a sentence; "" where it does not, or none is."""
        champion = self.champion()
        if champion is None or champion == version:
            return ""
        try:
            a, b = (self.describe(each).figures.overall["pr_auc"] for each in (version, champion))
        except (DamagedModelError, UnknownVersionError):  # what promotes says so, and a damaged one is to be left
            return ""
        if a.value is None or b.value is None or a.value >= b.value:
            return ""
        return (
            f"{version} ranks worse than {champion}, which is live: PR-AUC {a.value:.4f} ({a.low:.4f} to "
            f"{a.high:.4f}) against {b.value:.4f} ({b.low:.4f} to {b.high:.4f}), each on its own test users. Compare "
            "them on the same users first."
        )

    def rollback(self, *, by: str, why: str, now: datetime, leaving: str | None = None) -> str:
        """Promote the version that was before the latest promotion, and return it; the next one goes further
        back.

        `leaving`: the version that is to be left, where two people may have the same thought at once. Raises
        RefusedError when there is nothing to go back to or `leaving` is not live any more, and otherwise as
        `promote` does. The champion may be damaged.
        """
        person, reason = self.accounts.authorise(by, "promote"), reason_given(why)
        with chained_log.locked(self.audit):
            before = self.champion()
            if leaving not in {None, before}:
                raise RefusedError(f"{leaving} is not live any more: {before} is. Look again before you roll back.")
            version = lineage.former(self.lineage.history(before))
            if version is None:
                raise RefusedError(
                    "There is no version to roll back to: the log names none before. Promote one instead."
                )
            origin = self.load(version).origin
            self._put_in_charge(Promotion(version, before, ROLL_BACK, person.name, reason, now), origin)
            return version

    def describe(self, version: str) -> Metadata:
        """What is known about a version, after checking every checksum; faster than `load`, which also builds the
        trees.

        Raises as `load` does.
        """
        return _told(self._found(version))[0]

    def origin(self, version: str) -> Origin | None:
        """Where a version was pulled from, None for one that was trained here. Checks and raises as `describe` does."""
        return _told(self._found(version))[1]

    def listing(self, promotions: Sequence[Promotion] = ()) -> tuple[Listed, ...]:
        """All versions, newest first, each with its latest of these promotions (oldest first), damaged ones too."""
        latest, inside = {each.version: each for each in promotions}, self.champion()
        return tuple(
            self._listed(version, in_charge=version == inside, promotion=latest.get(version))
            for version in reversed(self.versions())
        )

    def load(self, version: str | None = None) -> Model:
        """Load a version, by default the champion, after checking every checksum.

        Raises UnknownVersionError, or DamagedModelError when a file is absent, differs or cannot be read.
        """
        return opened(self._found(version or self.champion()))

    def _listed(self, version: str, *, in_charge: bool, promotion: Promotion | None) -> Listed:
        try:
            metadata, origin = _told(self._found(version))
        except DamagedModelError as error:
            return Listed(version, in_charge, None, str(error), promotion)
        return Listed(version, in_charge, metadata, "", promotion, origin)

    def _put_in_charge(self, promotion: Promotion, origin: Origin | None) -> None:
        pulled = f"{origin.repo}@{origin.revision}" if origin else ""
        # First: a note without a move is found out, a move without a note is not.
        self.lineage.note(promotion, pulled_from=pulled)
        write_text(self.models / CHAMPION, promotion.version + "\n")

    def _found(self, version: str | None) -> Path:
        if version is None or version not in self.versions():
            raise UnknownVersionError(version or "", self.versions())
        return self.models / version


def opened(folder: Path) -> Model:
    """Load a version from the folder that holds it, wherever that is, as `load` does. Raises DamagedModelError."""
    metadata, origin, calibration, content = looked_at(folder)
    texts, head = texts_of(folder, metadata), head_of(folder, metadata)
    phrases = phrases_of(folder, metadata)
    with telling(folder, TREES):
        predictor = LEADER.loaded(content)
    return Model(folder.name, folder, predictor, calibration, metadata, origin, texts, head, phrases)


def looked_at(folder: Path) -> tuple[Metadata, Origin | None, Calibration, bytes]:
    """What `opened` makes a model of, the last being its trees: sound, but not read by a library yet.

    Raises DamagedModelError.
    """
    metadata, origin = _told(folder)
    with read(folder, TREES) as content:
        features = LEADER.features(content)
        categories = LEADER.categories(content)
    if features != len(metadata.names):
        sentence = f"names {len(metadata.names)} features, and {TREES} has {features}"
        raise DamagedModelError(folder.name, METADATA, sentence)
    for feature, split in zip(metadata.features, categories, strict=True):
        if split >= 0 and (split > feature.levels.size if feature.levels else split > 0):
            sentence = f"says of {feature.name} what {TREES} does not: which words it has"
            raise DamagedModelError(folder.name, METADATA, sentence)
        if split == 0 and feature.levels:
            raise DamagedModelError(folder.name, METADATA, f"says that {feature.name} is words, which {TREES} does not")
    with read(folder, CALIBRATION) as text:
        raw = strict_json.parsed(text)
        formats.number(raw.get("format", 1), CALIBRATION, FORMAT)
        return metadata, origin, Calibration.from_json(raw), content


def reason_given(why: str) -> str:
    """The reason without space around it; raises BadOptionError when there is none, or too much of one."""
    reason = why.strip()
    if not reason or len(reason) > MOST_WHY:
        raise BadOptionError("why", f"say why in 1 to {MOST_WHY:,} characters.")
    return reason


def _told(folder: Path) -> tuple[Metadata, Origin | None]:
    """What a version says of itself, after checking every checksum."""
    sums.check(folder, needed=NEEDED, optional=OPTIONAL)
    with read(folder, METADATA) as content:
        metadata = Metadata.from_json(strict_json.parsed(content))
    if ORIGIN not in sums.read(folder):
        return metadata, None
    with read(folder, ORIGIN) as content:
        return metadata, Origin.from_json(strict_json.parsed(content))


def _write(folder: Path, parts: Parts) -> None:
    parts.predictor.save(folder / TREES)
    _write_json(folder / CALIBRATION, {"format": FORMAT, "kind": "beta", **asdict(parts.calibration)})
    _write_json(folder / METADATA, parts.metadata.as_json())
    baseline.save(parts.baseline, folder / BASELINE)
    baseline.save_users(parts.users, folder / USERS)
    texts = text_files.dumped(parts.texts) if parts.texts else {}
    if parts.phrases is not None:
        texts[PHRASES] = parts.phrases.source.encode()
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    sums.write(folder, (*NEEDED, USERS, *texts, *(version_files.write_head(folder, parts.head) if parts.head else ())))


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
