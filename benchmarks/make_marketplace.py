"""Write the bundled users of a made-up marketplace: `.venv/bin/python benchmarks/make_marketplace.py`.

Nobody in here is real. People are of six sorts, whose numbers are drawn by a fixed seed so that sorts overlap: busy
sellers look like spammers, quiet spammers like anybody, and some spammers use an account that was somebody else's.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SEED, LABELLED, TO_SCORE = 20_261_130, 4_000, 600
#: Of labels, those that are wrong.
WRONG = 0.01
FOLDER = Path(__file__).resolve().parent.parent / "data" / "demo" / "marketplace"
COUNTRIES = ("BD", "BR", "DE", "ES", "FR", "GB", "IN", "KE", "NG", "PH", "PK", "PL", "US", "VN")
NAMES = (
    "mila", "tomk", "priya", "jonas", "sara", "ahmed", "lucy", "diego", "kim", "olu", "nina", "pete", "anne", "bruno",
    "cleo", "dara", "eli", "fatima", "greta", "hugo", "ines", "jamal", "kaya", "liam", "maria", "noel", "oksana",
)  # fmt: skip


@dataclass(frozen=True)
class Sort:
    """A sort of people: its share of all, and the middle of each number. Rates are of 0 to 1."""

    share: float
    spammer: bool
    age: float
    messages: float
    new_contacts: float
    links: float
    repeated: float
    replies: float
    orders: float
    complaints: float
    photo: float
    confirmed: float


SORTS = (
    #     share  spam   age  msgs  new   links repeated replies orders complaints photo confirmed
    Sort(0.520, False, 420, 1.8, 0.20, 0.04, 0.03, 0.70, 6.0, 0.02, 0.62, 0.93),  # buyers
    Sort(0.310, False, 510, 7.0, 0.30, 0.08, 0.08, 0.66, 28.0, 0.06, 0.88, 0.97),  # sellers
    Sort(0.060, False, 380, 38.0, 0.55, 0.22, 0.28, 0.45, 90.0, 0.30, 0.90, 0.97),  # busy sellers
    Sort(0.062, True, 9, 65.0, 0.86, 0.70, 0.72, 0.08, 0.3, 0.90, 0.30, 0.55),  # those who send to everybody
    Sort(0.030, True, 60, 6.0, 0.60, 0.25, 0.25, 0.25, 1.0, 0.25, 0.60, 0.80),  # quiet ones
    Sort(0.018, True, 640, 45.0, 0.75, 0.60, 0.60, 0.15, 9.0, 0.80, 0.85, 0.96),  # accounts that were taken over
)


def main(folder: Path = FOLDER) -> None:
    chance = np.random.default_rng(SEED)
    users = _users(LABELLED + TO_SCORE, chance)
    folder.mkdir(parents=True, exist_ok=True)
    _write(users[:LABELLED], folder / "labelled.csv.gz")
    _write(users[LABELLED:].drop(columns="spammer"), folder / "new.csv.gz")


def _users(n: int, chance: np.random.Generator) -> pd.DataFrame:
    sorts = chance.choice(len(SORTS), n, p=[sort.share for sort in SORTS])

    def of(name: str) -> np.ndarray:
        return np.array([getattr(sort, name) for sort in SORTS], float)[sorts]

    spammer = of("spammer") == 1
    age = np.minimum(np.ceil(of("age") * chance.lognormal(0, 0.9, n)), 4_000)
    messages = of("messages") * chance.lognormal(0, 0.8, n)
    orders = chance.poisson(of("orders") * chance.gamma(0.8, 1.25, n) * np.minimum(age / 300, 1.5))
    replies = np.where(messages < 0.15, np.nan, _rate(of("replies"), chance))  # who writes nothing gets no answer
    users = pd.DataFrame(
        {
            "user_id": [f"k{number:05}" for number in chance.permutation(90_000)[:n] + 10_000],
            "username": _usernames(n, chance),
            "account_age_days": age.astype(int),
            "email_confirmed": chance.random(n) < of("confirmed"),
            "profile_photo": chance.random(n) < of("photo"),
            "country": chance.choice(COUNTRIES, n),  # says nothing here, and so must a model
            "messages_per_day": messages.round(1),
            "share_of_new_contacts": _rate(of("new_contacts"), chance),
            "share_of_repeated_messages": _rate(of("repeated"), chance),
            "links_per_message": (of("links") * chance.lognormal(0, 0.7, n)).round(2),
            "reply_rate": replies,
            "orders_completed": orders,
            "complaints_30_days": chance.poisson(of("complaints") * chance.gamma(1, 1, n)),
        }
    )
    wrong = chance.random(n) < WRONG
    return users.assign(spammer=np.where(spammer != wrong, "yes", "no"))


def _rate(middle: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Shares round their middle, wider than one would like."""
    return chance.beta(1 + 6 * middle, 1 + 6 * (1 - middle)).round(2)


def _usernames(n: int, chance: np.random.Generator) -> list[str]:
    made: list[Callable[[str, int], str]] = [
        lambda name, number: f"{name}{number}",
        lambda name, number: f"{name}_{number % 100}",
        lambda name, number: f"{name}.{'studio' if number % 2 else 'art'}{number % 10}",
    ]
    drawn = zip(chance.choice(NAMES, n), chance.integers(1, 999, n), chance.integers(0, len(made), n), strict=True)
    return [made[how](str(name), int(number)) for name, number, how in drawn]


def _write(users: pd.DataFrame, path: Path) -> None:
    told = users.replace({True: "yes", False: "no"})
    path.write_bytes(gzip.compress(told.to_csv(index=False, lineterminator="\n").encode(), mtime=0))
    sys.stdout.write(f"{path.name}: {len(users)} users, {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
