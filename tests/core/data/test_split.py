"""Who is never trained on: the same users for ever, whatever else changes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import split
from core.errors import BadOptionError, NewerFormatError, RefusedError
from core.home import Home
from core.schema import levels
from core.schema.schema import Column, Schema
from core.settings import TEST_SHARE

SALT = bytes(range(16))
WITH_ID = Schema((Column("a"), Column("b")), id="user")
WITHOUT = Schema((Column("a"), Column("b")))
WITH_ID_ALONE = Schema((Column("a"),), id="user")


def frame(n: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({"user": [f"u{i}" for i in range(n)], "a": random.normal(size=n), "b": random.normal(size=n)})


@pytest.mark.parametrize("schema", [WITH_ID, WITHOUT])
def test_about_fifteen_of_a_hundred_users_are_in_the_test_part(schema: Schema) -> None:
    n = 40_000
    found = split.in_test(split.keys(frame(n), schema, SALT)).sum()
    # Five standard deviations of a binomial count.
    assert abs(found - TEST_SHARE * n) < 5 * np.sqrt(n * TEST_SHARE * (1 - TEST_SHARE))


@given(st.permutations(range(60)), st.integers(0, 5))
def test_a_user_stays_in_a_part_whatever_the_order_the_company_and_the_features(order: list[int], seed: int) -> None:
    before = split.keys(frame(60), WITH_ID, SALT)
    after = split.keys(frame(60, seed).iloc[order[:40]], WITH_ID, SALT)
    assert (after == before[order[:40]]).all()


def test_parts_are_the_same_in_every_version_of_this_program() -> None:
    """Were these to change, new models would be judged on users that old ones were trained on."""

    def key(cell: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(cell, key=SALT, digest_size=8).digest(), "big")

    assert split.keys(frame(2), WITH_ID, SALT).tolist() == [key(b"u0"), key(b"u1")]
    content = pd.DataFrame({"a": [1, 2], "b": [0.5, 4.0]})
    cells = [struct.pack("<2d", 1, 0.5), struct.pack("<2d", 2, 4)]
    assert split.keys(content, WITHOUT, SALT).tolist() == [key(cell) for cell in cells]
    keys = np.array([0, TEST_SHARE * 2**64 - 4096, TEST_SHARE * 2**64 + 4096, 2**64 - 4096], np.uint64)
    assert split.in_test(keys).tolist() == [True, True, False, False]


def test_another_salt_gives_other_parts() -> None:
    users = frame(2000)
    one, other = (split.in_test(split.keys(users, WITH_ID, salt)) for salt in (SALT, bytes(16)))
    both = int((one & other).sum())
    assert 0.3 * TEST_SHARE**2 < both / 2000 < 3 * TEST_SHARE**2


def test_an_id_is_text_and_a_number_with_the_same_digits_is_the_same_user() -> None:
    texts, numbers = pd.DataFrame({"user": ["7", "12"]}), pd.DataFrame({"user": [7, 12]})
    assert (split.keys(texts, WITH_ID, SALT) == split.keys(numbers, WITH_ID, SALT)).all()


def test_without_an_id_equal_rows_share_a_key_and_different_rows_do_not() -> None:
    rows = pd.DataFrame(
        {"a": [0.0, -0.0, 1.0, 1.0, np.nan, -np.nan, 0.0], "b": [5, 5, 5, 5, 5, 5, 6], "other": list("abcdefg")}
    )
    keys = split.keys(rows, WITHOUT, SALT)
    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert keys[4] == keys[5]
    assert len(set(keys.tolist())) == 4


def test_a_column_of_whole_numbers_has_the_keys_of_the_same_reals() -> None:
    """One missing value turns a column of int64 into one of float64: no user may change parts by that."""
    whole = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    assert (split.keys(whole, WITHOUT, SALT) == split.keys(whole.astype(float), WITHOUT, SALT)).all()


def test_folds_are_equally_large_and_independent_of_the_part() -> None:
    n, k = 60_000, 3
    keys = split.keys(frame(n), WITH_ID, SALT)
    fold, test = split.folds(keys, k), split.in_test(keys)
    assert set(fold.tolist()) == {0, 1, 2}
    for part in (test, ~test):
        counts, expected = np.bincount(fold[part], minlength=k), part.sum() / k
        assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_fingerprints_know_their_users_and_hardly_anybody_else() -> None:
    keys = split.keys(frame(20_000), WITH_ID, SALT)
    prints = split.fingerprints(keys[:10_000])
    assert split.known(keys[:10_000], prints).all()
    assert split.known(keys[10_000:], prints).sum() == 0
    assert (np.diff(prints.astype(np.int64)) > 0).all()
    assert int(prints.max()) < 2**split.FINGERPRINT_BITS


def test_no_users_have_no_keys_and_know_nobody() -> None:
    keys = split.keys(frame(0), WITH_ID, SALT)
    assert keys.shape == split.folds(keys, 3).shape == split.in_test(keys).shape == (0,)
    assert not split.known(split.keys(frame(5), WITH_ID, SALT), split.fingerprints(keys)).any()


def test_the_salt_of_a_home_is_made_once_and_kept(home: Home) -> None:
    salt = home.split.salt()
    assert home.split.salt() == salt
    assert len(salt) == 16
    assert Home.open(home.settings.home / "other").split.salt() != salt


def test_first_uses_at_the_same_moment_agree_on_one_salt(home: Home) -> None:
    together = Barrier(8)

    def first_use(_: int) -> bytes:
        together.wait()
        return home.split.salt()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first_use, range(8)))) == 1


def test_a_digest_tells_salts_apart_and_gives_none_away() -> None:
    assert split.digest(SALT) != split.digest(bytes(16))
    assert SALT.hex()[:8] not in split.digest(SALT)


def copied(distinct: int, times: int, alone: int = 0) -> pd.DataFrame:
    """Users of whom so many different ones are there several times under new ids, and others once."""
    rows = frame(distinct + alone)
    again = pd.concat([rows[:distinct].assign(user=lambda x, k=k: x["user"] + f"-{k}") for k in range(times)])
    return pd.concat([again, rows[distinct:]], ignore_index=True)


def test_copies_of_one_another_go_to_one_part_by_what_they_share(home: Home) -> None:
    users = copied(400, 12, alone=1000)
    found = home.split.parts(users, WITH_ID)
    for _, group in pd.DataFrame({"a": users["a"], "test": found.test, "place": found.place}).groupby("a"):
        assert len(set(group["test"])) == len(set(group["place"])) == 1
    assert found.copies == 400 * 11
    assert not found.copied.any()
    assert (found.judging == found.test).all()
    of_groups = found.test[:400].sum()  # the first time each is there
    assert abs(of_groups - TEST_SHARE * 400) < 5 * np.sqrt(400 * TEST_SHARE * (1 - TEST_SHARE))
    assert (found.place[4800:] == found.keys[4800:]).all()
    assert (found.test[4800:] == split.in_test(found.keys[4800:])).all()


def test_copies_are_told_by_features_alone_and_missing_equals_missing(home: Home) -> None:
    users = pd.DataFrame(
        {"user": list("abcd"), "a": [1, 1, np.nan, np.nan], "b": [-0.0, 0.0, 2, 2], "name": list("wxyz")}
    )
    found = home.split.parts(users, WITH_ID)
    assert found.copies == 2
    assert found.place[0] == found.place[1]
    assert found.place[2] == found.place[3]
    assert found.test[0] == found.test[1]


@given(st.lists(st.sampled_from(["learnt", "judged", ""]), min_size=60, max_size=60))
def test_parts_that_were_given_stay_and_new_copies_follow_them(given_: list[str]) -> None:
    users = copied(15, 4)
    learnt, judged = (np.array([each == which for each in given_]) for which in ("learnt", "judged"))
    keys = split.keys(users, WITH_ID, SALT)
    found = split.parts(users, WITH_ID, SALT, keys, split.in_test(keys), learnt, judged)
    assert not found.test[learnt].any()
    assert found.test[judged].all()
    for at in range(15):
        group = np.arange(at, 60, 15)
        new = group[~learnt[group] & ~judged[group]]
        if learnt[group].any():
            assert not found.test[new].any()
            assert (found.copied[group] == judged[group]).all()
        else:
            assert not found.copied[group].any()
            if judged[group].any():
                assert found.test[new].all()


def test_who_went_with_a_copy_is_in_that_part_for_ever(home: Home) -> None:
    users = copied(40, 12)
    found = home.split.parts(users, WITH_ID)
    assert len(home.split.moved()) == 0
    home.split.keep(found)
    assert (split.in_test(found.keys, home.split.moved()) == found.test).all()
    alone = users.assign(a=np.arange(480.0))
    assert (home.split.parts(alone, WITH_ID).test == found.test).all()
    home.split.keep(home.split.parts(alone, WITH_ID))
    assert (split.in_test(found.keys, home.split.moved()) == found.test).all()


def test_a_home_without_copies_keeps_no_list(home: Home) -> None:
    home.split.keep(home.split.parts(frame(100), WITH_ID))
    assert not home.settings.parts_file.exists()


def test_a_newer_list_is_refused(home: Home) -> None:
    home.settings.data.mkdir()
    home.settings.parts_file.write_text('{"format": 9, "moved": []}', encoding="utf-8")
    with pytest.raises(NewerFormatError):
        home.split.moved()


def test_a_new_home_may_choose_a_smaller_test_part_and_one_that_has_users_may_not(home: Home) -> None:
    home.split.choose(0.05)
    people = frame(20_000)
    found = home.split.parts(people, WITH_ID)
    assert abs(found.test.mean() - 0.05) < 0.01
    assert (found.test == split.in_test(found.keys, home.split.moved(), 0.05)).all()
    home.split.choose(0.05)
    for share, error, words in ((0.1, RefusedError, "for ever"), (0.3, BadOptionError, "choose from 0.05 to 0.15")):
        with pytest.raises(error, match=words):
            home.split.choose(share)
    assert home.split.share == 0.05


WITH_TEXT = Schema((Column("a"), Column("body", "text")), id="user")


def messages(texts: Sequence[float], prefix: str = "m") -> pd.DataFrame:
    """Messages of such numbers, each of its own author."""
    n = len(texts)
    counted = {column.name: 1.0 for column in WITH_TEXT.derived if column.name != "a"}
    return pd.DataFrame({"user": [f"{prefix}{at}" for at in range(n)], "a": np.arange(n), **counted, "body": texts})


numbers_of_texts = st.lists(
    st.sampled_from([levels.FIRST + at for at in range(12)] + [np.nan]), min_size=2, max_size=60
)


@given(numbers_of_texts, numbers_of_texts, st.binary(min_size=16, max_size=16), st.text("xyz", max_size=3))
def test_the_same_text_is_never_in_two_parts_or_folds_in_whichever_file(
    first: list[float], second: list[float], salt: bytes, prefix: str
) -> None:
    part_of: dict[float, tuple[bool, int]] = {}
    for frame_ in (messages(first), messages(second, prefix)):
        keys = split.keys(frame_, WITH_TEXT, salt)
        nobody = np.zeros(len(keys), bool)
        found = split.parts(frame_, WITH_TEXT, salt, keys, split.in_test(keys), nobody, nobody)
        fold = split.folds(found.place, 5)
        for text, test, at in zip(frame_["body"], found.test.tolist(), fold.tolist(), strict=True):
            assert np.isnan(text) or part_of.setdefault(text, (test, at)) == (test, at)
        without = frame_["body"].isna().to_numpy()
        assert (keys[without] == split.identities(frame_[without], WITH_TEXT, salt)).all()
        assert not found.copied.any()


@given(numbers_of_texts, st.data())
def test_a_text_that_was_learnt_from_judges_nobody_and_one_that_was_judged_stays(
    texts: list[float], data: st.DataObject
) -> None:
    before = [data.draw(st.sampled_from(["learnt", "judged", ""])) for _ in texts]
    learnt, judged = (np.array([each == which for each in before]) for which in ("learnt", "judged"))
    frame_ = messages(texts)
    keys = split.keys(frame_, WITH_TEXT, SALT)
    found = split.parts(frame_, WITH_TEXT, SALT, keys, split.in_test(keys), learnt, judged)
    for at, text in enumerate(texts):
        same = np.array([at]) if np.isnan(text) else np.flatnonzero(frame_["body"] == text)
        expected = False if learnt[same].any() else True if judged[same].any() else bool(split.in_test(keys[[at]])[0])
        assert found.test[at] == expected


def test_whoever_was_learnt_from_before_there_was_a_text_is_known_by_who_he_is() -> None:
    frame_ = messages([levels.FIRST, levels.FIRST + 1, np.nan])
    old = split.fingerprints(split.keys(frame_[:1], WITH_ID_ALONE, SALT))
    new = split.fingerprints(split.keys(frame_[1:2], WITH_TEXT, SALT))
    assert split.learnt(frame_, WITH_TEXT, SALT, old).tolist() == [True, False, False]
    assert split.learnt(frame_, WITH_TEXT, SALT, new).tolist() == [False, True, False]


def test_parts_of_texts_are_the_same_in_every_version_of_this_program() -> None:
    digest = hashlib.blake2b(b"text " + struct.pack("<d", levels.FIRST), key=SALT, digest_size=8).digest()
    assert split.keys(messages([levels.FIRST]), WITH_TEXT, SALT).tolist() == [int.from_bytes(digest, "big")]
