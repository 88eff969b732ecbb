"""What tests of the API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.home import Home
from tests.app.api.server import Client, serving


@pytest.fixture
def api(own: Home) -> Iterator[Client]:
    """A server of a home of one's own, in local mode."""
    with serving(own) as client:
        yield client
