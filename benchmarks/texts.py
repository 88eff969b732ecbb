"""What texts cost and what is read of them, against scikit-learn's word and character TF-IDF in the same process.

    .venv/bin/python benchmarks/texts.py ../shared/data/text --texts 100000
    .venv/bin/python benchmarks/texts.py --texts 20000

From the texts of all `.csv.gz` of a folder (the longest column of each), or from made ones, cut to some 130 characters:
rows, margins, the words of those flagged, and one fit of six classes, as ratios of processor time; the size of a
version; one text; memory for more texts; obfuscation; texts made to take long. With `--quality`, five folds grouped by
the text as it reads, of the sets of the folder that it knows.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.pipeline import FeatureUnion

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from core.text import augment, derived, files, key, linear  # noqa: E402 - the line above makes it importable
from core.text.normalise import normalised, plain  # noqa: E402
from core.text.rows import TextRows  # noqa: E402
from core.text.text_model import TextModel  # noqa: E402

LENGTH = 130
CLASSES = 6
#: Columns of text and label of the sets that `--quality` knows, and what no label counts.
SETS = {
    "cyberbullying_tweets": ("tweet_text", "cyberbullying_type", None),
    "cyberbullying_tweets, clear ones": ("tweet_text", "cyberbullying_type", "other_cyberbullying"),
    "sms_spam": ("text", "label", None),
    "rscience_removed": ("BODY", "REMOVED", None),
    "davidson_hatespeech": ("tweet", "class", None),
}
WORD = re.compile(r"[^\W\d_]{4,}")
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_LOOK = str.maketrans("aeopcxyijshkmtuvnr", "аеорсхуіјѕһкмтυνոг")


def _repeated(word: str, by: random.Random) -> str:
    at = by.randrange(len(word))
    return word[:at] + word[at] * by.randint(3, 5) + word[at + 1 :]


def _swapped(word: str, by: random.Random) -> str:
    at = by.randrange(len(word) - 1)
    return f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"


HIDDEN: dict[str, Callable[[str, random.Random], str]] = {
    "leet": lambda word, _: word.translate(_LEET),
    "look-alikes": lambda word, _: word.lower().translate(_LOOK),
    "zero-width": lambda word, _: "\u200b".join(word),
    "full-width": lambda word, _: "".join(chr(ord(each) + 0xFEE0) if each.isascii() else each for each in word),
    "spaced": lambda word, _: " ".join(word),
    "dots": lambda word, _: ".".join(word),
    "repeats": _repeated,
    "swaps": _swapped,
}


def say(what: str, *figures: str) -> None:
    sys.stdout.write(f"{what:<44} {'  '.join(figures)}\n")
    sys.stdout.flush()


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of this process, all its threads together, and what came of it."""
    begin = time.process_time()
    made = work()
    return time.process_time() - begin, made


def texts_of(folder: Path | None, n: int, seed: int = 0) -> list[str]:
    """So many texts of some LENGTH characters: those of a folder, one after the other and cut, or made ones."""
    by = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    if folder is None:
        letters = "etaoinshrdlucmfwypvbgk"
        words = ["".join(by.choices(letters, k=by.randint(2, 9))) for _ in range(20_000)]
        return [" ".join(by.choices(words, k=22))[:LENGTH] for _ in range(n)]
    found: list[str] = []
    for path in sorted(folder.glob("*.csv.gz")):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        found += frame[max(frame, key=lambda name: frame[name].str.len().mean())].tolist()
    by.shuffle(found)
    whole = " ".join(found * (1 + n * LENGTH // sum(map(len, found))))
    return [whole[at * LENGTH : (at + 1) * LENGTH] for at in range(n)]


def vectorizer() -> FeatureUnion:
    return FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)),
        ]
    )


def speed(texts: list[str]) -> TextModel:
    learnt = texts[: len(texts) // 3]
    label = np.arange(len(learnt)) % CLASSES
    # Words that go with a class, so that there is something to learn.
    told = [
        f"{text} class{each}" if at % 3 else text for at, (text, each) in enumerate(zip(learnt, label, strict=True))
    ]
    small = linear.fit(TextRows.of(told[:500]), np.eye(CLASSES)[label[:500]])
    next(small.strongest(told[:1])), small.margins_of(told[:9])  # whatever has to be compiled is
    fit, their = seconds(lambda: vectorizer().fit(told))
    rows_their, _ = seconds(lambda: their.transform(texts))
    rows_learnt, rows = seconds(lambda: TextRows.of(told))
    fit_ours, model = seconds(lambda: linear.fit(rows, np.eye(CLASSES)[label], None, 0))
    rows_ours, rows = seconds(lambda: TextRows.of(texts))
    read, _ = seconds(lambda: plain(texts))
    margins, margin = seconds(lambda: model.margins(rows))
    flagged = np.argsort(-margin[:, 0])[: len(texts) // 10]
    words, _ = seconds(lambda: list(model.strongest(texts[at] for at in flagged)))
    say("rows", f"{rows_ours:.1f} s of which {read:.1f} to read", f"scikit-learn {rows_their:.1f} s",
        f"{rows_their / rows_ours:.1f} times as fast")  # fmt: skip
    say("rows, margins, words of a tenth", f"{(rows_ours + margins + words) / rows_ours:.2f} times the rows",
        f"margins {margins:.2f} s", f"words {words:.2f} s")  # fmt: skip
    a = their.transform(told)
    their_fit, _ = seconds(lambda: LogisticRegression(C=4, max_iter=300).fit(a, label))
    ours, theirs = rows_learnt + fit_ours, fit + their_fit
    say(f"one fit of {CLASSES} classes, {len(told):,} texts", f"{ours:.1f} s", f"scikit-learn {theirs:.1f} s",
        f"{ours / theirs:.3f} of it")  # fmt: skip
    content = files.dumped({"body": model})
    say("a version", f"{sum(map(len, content.values())) / 1e6:.1f} MB", f"{len(model.buckets):,} buckets")
    return model


def one(model: TextModel, texts: Sequence[str]) -> None:
    for name, work in {
        "its number": key.number, "its margin": lambda text: model.margins_of([text]), "its words": model.words,
        "its counts": lambda text: derived.parts([text]),
    }.items():  # fmt: skip
        taken = []
        for text in texts[:1000]:
            begin = time.perf_counter()
            work(text)
            taken.append(time.perf_counter() - begin)
        say(f"one text: {name}", f"p50 {np.median(taken) * 1e6:.0f} µs")


def memory(n: int) -> None:
    """In a process of its own, what it took at most."""
    code = f"import sys; sys.path[:0] = [{str(ROOT / 'benchmarks')!r}]; import texts; texts.most_memory({n})"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    say(f"memory for the margins of {n:,} texts", said.stdout.strip())


def most_memory(n: int) -> None:
    some = texts_of(None, min(n, 50_000))
    model = linear.fit(TextRows.of(some[:20_000]), np.arange(20_000)[:, None] % 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    model.margins_of((some * (1 + n // len(some)))[:n])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say("", f"{after / 1e6:.2f} GB at most, {before / 1e6:.2f} before", f"{time.perf_counter() - begin:.0f} s")


def long() -> None:
    plain_text = " ".join(texts_of(None, 8000))[:1_000_000]
    base, _ = seconds(lambda: normalised(plain_text))
    say("an ordinary text of 1 MB", f"{base:.2f} s")
    for name, text in {
        "combining marks": "a" + "\u0301\u0316" * 500_000, "one word": "x" * 1_000_000, "NUL": "a\x00" * 500_000,
        "lone surrogates": "\ud800a" * 500_000, "bidi": "\u202ea" * 500_000, "leet": "h4t3 " * 200_000,
        "letters apart": "a " * 500_000, "half-width kana": "ｶﾞ" * 500_000, "mixed scripts": "аa" * 500_000,
    }.items():  # fmt: skip
        taken, _ = seconds(lambda text=text: normalised(text))
        say(f"1 MB of {name}", f"{taken:.2f} s", f"{taken / base:.1f} times")


def hidden(folder: Path) -> None:
    """Recall of the bullying that is hidden, at the threshold that flags a tenth of what is harmless."""
    frame = pd.read_csv(folder / "cyberbullying_tweets.csv.gz", keep_default_na=False)
    frame = frame[frame.cyberbullying_type != "other_cyberbullying"]
    texts, label = frame.tweet_text.tolist(), (frame.cyberbullying_type != "not_cyberbullying").to_numpy()
    test = _folds(texts) == 0
    learnt = [text for text, held in zip(texts, test, strict=True) if not held]
    more = augment.augmented(learnt, 1)
    models = {
        "plain": linear.fit(TextRows.of(learnt), label[~test][:, None]),
        "augmented": linear.fit(
            TextRows.of([*learnt, *(text for _, text in more)]),
            np.concatenate([label[~test], label[~test][[at for at, _ in more]]])[:, None],
        ),
    }
    held = [texts[at] for at in np.random.default_rng(1).permutation(np.flatnonzero(test & label))[:1200]]
    harmless = [texts[at] for at in np.flatnonzero(test & ~label)]
    for name, model in models.items():
        threshold = np.quantile(model.margins_of(harmless)[:, 0], 0.9)
        say(f"recall, {name}, nothing hidden", f"{(model.margins_of(held)[:, 0] > threshold).mean():.3f}")
        for way, hide in HIDDEN.items():
            recalls = []
            for share in (0.5, 1.0):
                by = random.Random(3)  # noqa: S311
                changed = [
                    WORD.sub(lambda word: hide(word[0], by) if by.random() < share else word[0], text) for text in held  # noqa: B023
                ]  # fmt: skip
                recalls.append(f"{(model.margins_of(changed)[:, 0] > threshold).mean():.3f}")
            say(f"recall, {name}, {way}, half and all words", *recalls)
    touched = np.mean([normalised(text).undone > 0 for text in harmless])
    say("clean texts touched", f"{touched:.3f}")


def quality(folder: Path, *, both: bool) -> None:
    for name, (text, label, left) in SETS.items():
        frame = pd.read_csv(folder / f"{name.partition(',')[0]}.csv.gz", keep_default_na=False, dtype=str)
        frame = frame[frame[label] != left]
        texts, y = frame[text].tolist(), frame[label].astype("category").cat.codes.to_numpy()
        fold, k = _folds(texts), int(y.max()) + 1
        rows, targets = TextRows.of(texts), np.eye(k)[y][:, 1:] if k == 2 else np.eye(k)[y]
        ours, theirs = np.empty((len(y), targets.shape[1])), np.empty((len(y), k))
        strength = linear.strength(rows.only(fold != 0), targets[fold != 0])
        for each in range(5):
            learnt = fold != each
            model = linear.fit(rows.only(learnt), targets[learnt], None, 0, strength=strength)
            ours[~learnt] = model.margins(rows.only(~learnt))
            if both:
                their = vectorizer()
                x = their.fit_transform([text for text, known in zip(texts, learnt, strict=True) if known])
                fitted = LogisticRegression(C=4, max_iter=300).fit(x, y[learnt])
                theirs[~learnt] = fitted.predict_proba(
                    their.transform([text for text, known in zip(texts, learnt, strict=True) if not known])
                )
        say(f"{name}, C {strength:g}", _figures(y, ours), f"scikit-learn {_figures(y, theirs)}" if both else "")


def _figures(y: Any, found: Any) -> str:
    answer = found[:, 0] > 0 if found.shape[1] == 1 else found.argmax(1)
    auc = f", ROC-AUC {roc_auc_score(y, found[:, -1]):.4f}" if y.max() == 1 else ""
    return f"macro-F1 {f1_score(y, answer, average='macro'):.4f}, accuracy {(answer == y).mean():.4f}{auc}"


def _folds(texts: Sequence[str]) -> Any:
    """Of five, by the text as it reads."""
    _, which = np.unique(key.numbers(texts), return_inverse=True)
    return np.random.default_rng(0).permutation(which.max() + 1)[which] % 5


def main() -> None:
    parser = argparse.ArgumentParser(description="What texts cost and what is read of them.")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--memory", type=int, default=0, help="texts scored in a process whose memory is measured")
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--against", action="store_true", help="with --quality: scikit-learn on the same folds")
    chosen = parser.parse_args()
    texts = texts_of(chosen.folder, chosen.texts)
    one(speed(texts), texts)
    long()
    if chosen.memory:
        memory(chosen.memory)
    if chosen.folder:
        hidden(chosen.folder)
    if chosen.folder and chosen.quality:
        quality(chosen.folder, both=chosen.against)


if __name__ == "__main__":
    main()
