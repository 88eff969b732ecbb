"""Cut the bundled demo files out of the simulated set, and write the rest for training the bundled model.

    python3 benchmarks/make_demo.py fiverr_simulated_train.csv.gz rest.csv.gz

A random cut by a fixed seed: 40,000 labelled users, and 5,000 to score, without label and with made-up
context columns. The rest shares no user with either, so figures on the demo are honest.
"""

from __future__ import annotations

import gzip
import random
import sys
from collections.abc import Iterable
from pathlib import Path

LABELLED, TO_SCORE, SEED = 40_000, 5_000, 20_261_121
DEMO = Path(__file__).resolve().parent.parent / "data" / "demo"
NAMES = ("aria", "ivan", "jon", "jude", "kofi", "lena", "mara", "noor", "omar", "rhea", "theo", "yuki")
COUNTRIES = ("BD", "BR", "DE", "FR", "GB", "IN", "KE", "NG", "PH", "PK", "US", "VN")


def main(source: Path, rest: Path) -> None:
    header, *lines = gzip.decompress(source.read_bytes()).decode().splitlines()
    chance = random.Random(SEED)  # noqa: S311 - a reproducible cut, no secret
    cut = chance.sample(range(len(lines)), LABELLED + TO_SCORE)
    labelled, to_score = sorted(cut[:LABELLED]), sorted(cut[LABELLED:])
    left = set(range(len(lines))) - set(cut)
    label, user, *features = header.split(",")
    _write(DEMO / "labelled.csv.gz", header, (lines[i] for i in labelled))
    _write(rest, header, (lines[i] for i in sorted(left)))
    head = ",".join([user, "username", "profile_url", "country", *features])
    _write(DEMO / "users.csv.gz", head, (_with_context(lines[i], chance) for i in to_score))
    sys.stdout.write(f"without {label}: {len(to_score)}; labelled: {len(labelled)}; rest: {len(left)}\n")


def _with_context(line: str, chance: random.Random) -> str:
    _label, user, *features = line.split(",")
    name = f"{chance.choice(NAMES)}{chance.choice(['', '_'])}{chance.randrange(1, 9999)}"
    context = [name, f"https://example.com/users/{name}", chance.choice(COUNTRIES)]
    return ",".join([user, *context, *features])


def _write(path: Path, header: str, lines: Iterable[str]) -> None:
    text = "\n".join([header, *lines]) + "\n"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))  # no time stamp: the same cut gives the same bytes


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
