"""A server whose storage fails: each request is told so, in a sentence, and none is taken for a bug."""

from __future__ import annotations

import pytest

from core.home import Home
from core.store import database
from tests import broken_storage, make
from tests.app.api.server import serving, spammer
from tests.broken_storage import Fault


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (broken_storage.no_database, 503, "damaged_database"), (broken_storage.torn_database, 503, "damaged_database"),
        (broken_storage.emptied_database, 503, "damaged_database"), (broken_storage.full_disk, 507, "storage"),
        (broken_storage.removed_folder, 503, "gone"),
    ],
)  # fmt: skip
def test_a_request_is_told_what_is_wrong_with_the_storage(
    own: Home, fault: Fault, status: int, code: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    with serving(own) as api:
        stored = api.post("/predict", spammer()).json["prediction_id"]
        with fault(own):
            answers = [
                api.post("/predict", spammer()),
                api.post("/predict", spammer(), idempotency_key="k-1"),
                api.post("/feedback", {"prediction_id": stored, "is_correct": True}),
                api.get("/cases/next"),
            ]
    refused = [answer for answer in answers if answer.status != 204]  # nothing waits, and that is still to be read
    assert len(refused) >= 3
    for answer in refused:
        assert (answer.status, answer.code) == (status, code)
        assert str(own.settings.data) in answer.json["detail"]
        assert "bug" not in answer.json["detail"]
    assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]


def test_a_server_whose_database_takes_no_writes_lives_and_is_not_ready(own: Home) -> None:
    with serving(own) as api, own.database.writing():
        assert api.get("/health").status == 200
        told = api.get("/ready")
        assert (told.status, told.code) == (503, "not_writable")
        assert str(own.settings.database) in told.json["detail"]
        assert "trustdesk_database_writable 0.0" in own.exposition.text(now=make.NOW).splitlines()
    with serving(own) as api:
        assert api.get("/ready").status == 200
        assert "trustdesk_database_writable 1.0" in api.get("/metrics").body.decode().splitlines()
