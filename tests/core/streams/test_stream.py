"""Messages are decided once, in order; what is none becomes a dead letter, and the stream goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from core.access.idempotency import Asking, Claim, ClaimLostError, Claims, Reply
from core.errors import BusyError, NoScoreError
from core.home import Home
from core.scoring.online import Asked, Serving
from core.streams.json_lines import Lines, LinesOut
from core.streams.messages import MOST_BYTES, Message
from core.streams.stream import Stream
from tests.core.streams.streams import Kept, Listed, body, message, serving, stream
from tests.make import NOW


def run(home: Home, given: list[Message], most: int = 4) -> Kept:
    kept = Kept()
    stream(home).run(Listed(given), kept, most=most, now=lambda: NOW)
    return kept


def predictions(home: Home) -> int:
    run, *_ = home.online_runs.growing()
    found = home.online_runs.find(run)
    return 0 if found is None else len(found.by_row)


def test_decisions_are_those_of_one_user_asked_for_alone_and_come_in_order(own: Home) -> None:
    found = run(own, [message(number, time=NOW.isoformat()) for number in range(10)])
    assert [each["id"] for each in found.told] == [f"m-{number}" for number in range(10)]
    assert found.letters == {}
    ours = serving(own)
    for number, told in enumerate(found.told):
        alone = ours.score([ours.asked(body(number)["features"])], now=NOW)[0]
        assert (told["probability"], told["band"], told["user_id"]) == (
            alone.probability,
            alone.band,
            f"u{number % 13}",
        )
        assert [each["reason"] for each in told["risk_factors"]] == [each.explanation for each in alone.reasons]


def test_a_message_that_comes_again_is_answered_as_before_and_stored_once(own: Home) -> None:
    first = run(own, [message(number) for number in range(6)])
    again = run(own, [message(number) for number in (4, 2, 6, 2)])
    assert [each["id"] for each in again.told] == ["m-4", "m-2", "m-6", "m-2"]
    assert again.told[0] == first.told[4]
    assert again.told[1] == again.told[3] == first.told[2]
    assert len({each["prediction_id"] for each in [*first.told, *again.told]}) == 7


HOSTILE: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{nope", "it is no JSON of ours"),
    "not UTF-8": (b'{"id": "\xff"}', "it is no JSON of ours"),
    "no object": (b"[1]", "JSON, but no object"),
    "a name twice": (b'{"id": "a", "id": "b"}', "it is no JSON of ours"),
    "an infinite number": (b'{"features": {"links": 1e999}}', "it is no JSON of ours"),
    "nested deeply": (b"[" * 100_000, "it is no JSON of ours"),
    "an unknown field": (b'{"ID": "a"}', 'it has "ID"; it may have allow_missing, context'),
    "a number as id": (b'{"id": 7}', "give a text of 1 to 200 printable characters"),
    "an empty id": (b'{"id": ""}', "give a text of 1 to 200 printable characters"),
    "a list of features": (b'{"features": [1]}', "give an object of numbers"),
    "a text for a number": (json.dumps(body(1, features={"links": "six"}, allow_missing=True)).encode(), "links"),
    "a feature nobody knows": (json.dumps(body(1, features={"linx": 6})).encode(), "linx is not in the schema"),
    "a feature that is missing": (json.dumps(body(1, features={"links": 6})).encode(), "are missing"),
    "a context of numbers": (json.dumps(body(1, context={"city": 7})).encode(), "give an object of texts or null"),
    "a clock in the future": (json.dumps(body(1, time="2999-01-01T00:00:00Z")).encode(), "ahead of the clock here"),
    "a time without a zone": (json.dumps(body(1, time="2026-01-01T00:00:00")).encode(), "a time with its zone"),
    "a time that is none": (json.dumps(body(1, time=7)).encode(), "a time with its zone"),
    "a user without an end": (json.dumps(body(1, user_id="u" * 2_001)).encode(), "at most 2,000 characters"),
    "half of a surrogate pair": (b'{"id": "\\ud800"}', "it is no JSON of ours"),
    "a zero byte": (json.dumps(body(1, user_id="a\0")).encode(), "zero byte"),
    "too large": (b" " * MOST_BYTES + b"{}", "1,000,000 are the most"),
}


def test_hostile_messages_become_letters_and_the_others_are_decided(own: Home) -> None:
    hostile = [Message(name, text) for name, (text, _) in HOSTILE.items()]
    given = [each for at, bad in enumerate(hostile) for each in (message(100 + at), bad)]
    found = run(own, given, most=5)
    assert [each["id"] for each in found.told] == [f"m-{100 + at}" for at in range(len(hostile))]
    assert set(found.letters) == set(HOSTILE)
    for name, (_, said) in HOSTILE.items():
        assert said in found.letters[name], (name, found.letters[name])


def test_an_id_that_stands_for_another_message_is_a_letter(own: Home) -> None:
    found = run(own, [message(1), message(2, id="m-1")])
    assert [each["id"] for each in found.told] == ["m-1"]
    assert "m-1 was used for another message" in found.letters["handle-2"]
    later = run(own, [message(3, id="m-1")])
    assert (later.told, "used for another" in later.letters["handle-3"]) == ([], True)


def test_storage_that_cannot_be_written_just_now_is_tried_again(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, kept, waits = stream(own), Kept(), list[float]()
    real = Serving.score

    def busy(serving: Serving, *given: Any, **more: Any) -> Any:
        if len(waits) < 2:
            raise BusyError("state.db")
        return real(serving, *given, **more)

    monkeypatch.setattr(Serving, "score", busy)
    ours.run(Listed([message(1)]), kept, most=4, now=lambda: NOW, wait=waits.append)
    assert ([each["id"] for each in kept.told], len(waits)) == (["m-1"], 2)


def test_what_another_process_decides_meanwhile_is_answered_as_it_was_decided(own: Home) -> None:
    theirs, mine, real = Kept(), Kept(), serving(own)

    class Slow:
        """Scores after somebody else has."""

        asked = real.asked

        def score(self, *given: Any, **more: Any) -> Any:
            if not theirs.told:
                stream(own).run(Listed([message(2)]), theirs, most=1, now=lambda: NOW)
            return real.score(*given, **more)

    ours = Stream("default", own.replies, Slow)  # type: ignore[arg-type]  # it has what is asked of it
    ours.run(Listed([message(at) for at in range(3)]), mine, most=4, now=lambda: NOW)
    assert [each["id"] for each in mine.told] == ["m-0", "m-1", "m-2"]
    assert mine.told[2] == theirs.told[0]
    assert (ours.progress.again, ours.progress.answered) == (1, 3)
    assert sum(len(found.by_row) for run in own.online_runs.growing() if (found := own.online_runs.find(run))) == 3


def test_a_message_without_a_score_is_a_letter_unless_it_was_answered_before(own: Home) -> None:
    first, again, real = run(own, [message(1)]), Kept(), serving(own)

    class Scoreless:
        """Gives those with an odd number no score."""

        asked = real.asked

        def score(self, asked: Sequence[Asked], **more: Any) -> Any:
            if bad := [at for at, each in enumerate(asked) if int(each.user[1:]) % 2]:
                raise NoScoreError("v0002", bad, len(asked))
            return real.score(asked, **more)

    ours = Stream("default", own.replies, Scoreless)  # type: ignore[arg-type]  # it has what is asked of it
    ours.run(Listed([message(at) for at in range(5)]), again, most=5, now=lambda: NOW)
    assert [each["id"] for each in again.told] == ["m-0", "m-1", "m-2", "m-4"]
    assert again.told[1] == first.told[0]
    assert list(again.letters) == ["handle-3"]
    assert "v0002 gives this user no score" in again.letters["handle-3"]


def test_a_claim_that_an_earlier_version_left_is_nobodys(own: Home) -> None:
    asking = Asking("stream default", "m-1", message(1).body)
    claims = Claims(own.replies)
    (claim,) = claims.find([asking], now=NOW)
    assert isinstance(claim, Claim)
    assert [each["id"] for each in run(own, [message(1)]).told] == ["m-1"]
    with pytest.raises(ClaimLostError):
        own.replies.keep([(claim, Reply(200, b"{}"))], now=NOW)
    claims.close()


def test_lines_of_a_pipe(own: Home) -> None:
    lines = [json.dumps(body(1)), "", json.dumps({**body(2), "id": "m-2"}), "nope", "x" * (MOST_BYTES + 9), json.dumps(
        {key: value for key, value in body(3).items() if key != "id"})]  # fmt: skip
    out, err = io.BytesIO(), io.BytesIO()
    source = Lines(io.BytesIO("\n".join(lines).encode()))
    stream(own).run(source, LinesOut(out, err), most=100, now=lambda: NOW)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [each["id"].rpartition("-")[0] or each["id"] for each in told] == ["m", "m", "line-6"]
    letters = [json.loads(line) for line in err.getvalue().splitlines()]
    assert [each["message"].split("-")[1] for each in letters] == ["4", "5"]
    assert "are the most" in letters[1]["error"]
