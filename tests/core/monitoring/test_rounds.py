"""A round: news is what has changed since the last one, and an error ends none."""

from __future__ import annotations

from tests.core.monitoring.test_drift import scored
from tests.core.monitoring.test_inspection import MOVED
from tests.make import NOW


def test_a_round_tells_what_is_new_once(own):
    assert own.rounds.news(now=NOW) == ()
    scored(own, MOVED)
    told = own.rounds.news(now=NOW)
    number = len(own.incidents.recent())
    assert told[0] == f"{number} new incidents: see the page Monitor."
    assert "the share of reviews drawn at random goes from" in told[1]
    assert told[2] == f"{number} told by the log."
    assert own.rounds.news(now=NOW) == ()


def test_what_cannot_be_read_just_now_is_news_and_not_the_end(own, monkeypatch):
    own.settings.options_file.write_text("[")
    assert "settings.toml" in own.rounds.news(now=NOW)[0]
    own.settings.options_file.unlink()
    monkeypatch.setenv("TRUSTDESK_WEBHOOK", "nowhere")
    assert own.rounds.news(now=NOW) == (
        "webhook: the address of alerts must begin with https:// or http:// and name a host.",
    )
