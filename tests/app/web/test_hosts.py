"""Which host and page a request may name: names of this machine and those added, and nothing that looks like one."""

from __future__ import annotations

import pytest

from app.web.hosts import Hosts
from core.errors import BadOptionError

OURS = Hosts.of(["trustdesk.example.com", "[2001:db8::1]:443", "::", "localhost", "127.0.0.1", ""])


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST:8501", "localhost.", "127.0.0.1:8501", "[::1]:8501", "[0:0:0:0:0:0:0:1]",
        "trustdesk.example.com", "Trustdesk.Example.Com:443", "[2001:DB8:0::1]",
    ],
)  # fmt: skip
def test_names_of_this_machine_and_those_added_are_answered(host: str) -> None:
    assert OURS.answers(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.trustdesk.example.com",
        "evil@127.0.0.1", "evil@127.0.0.1:8501", "evil:secret@localhost", "127.0.0.1/evil", "127.0.0.1?evil",
        "127.0.0.1#evil", "127.0.0.1:8501@evil.example", "127.0.0.1\\evil", "127.0.0.1:", "127.0.0.1:x",
        "127.0.0.1:99999", "127.0.0.1:٨٠", " 127.0.0.1", "127.0.0.1\n", "127.0.0.1,evil.example", "[::1", "::1",
        "[::1%lo]", "[::1].evil.example", "127.1", "2130706433", "0x7f.0.0.1", "::", "[::]", ".", "localhost..",
        "http://localhost",
    ],
)  # fmt: skip
def test_whatever_else_is_named_is_not(host: str) -> None:
    assert not OURS.answers(host)


def test_an_address_at_which_a_request_came_in_is_no_other_page() -> None:
    assert OURS.answers("192.168.1.5:8501", at="192.168.1.5")
    assert OURS.answers("192.168.1.5:8501", at="::ffff:192.168.1.5")
    assert not OURS.answers("192.168.1.6:8501", at="192.168.1.5")
    assert not OURS.answers("evil.example", at="evil.example")


@pytest.mark.parametrize(
    ("sender", "host"),
    [
        ("http://localhost:8501", "localhost:8501"), ("https://trustdesk.example.com", "trustdesk.example.com"),
        ("https://trustdesk.example.com", "127.0.0.1:8501"), ("https://trustdesk.example.com:8443", "localhost:8501"),
        ("http://[::1]:8501", "[::1]:8501"),
    ],
)  # fmt: skip
def test_a_page_of_the_same_place_or_of_a_name_that_was_added_is_served(sender: str, host: str) -> None:
    assert OURS.serves(sender, host)


@pytest.mark.parametrize(
    "sender",
    [
        "null", "", "http://evil.example", "http://localhost:3000", "http://evil@localhost:8501",
        "http://localhost:8501/", "http://localhost:8501@evil.example", "file://localhost", "localhost:8501",
        "javascript://localhost:8501", "http://localhost:8501 http://evil.example", "http://127.0.0.1:8501",
    ],
)  # fmt: skip
def test_a_page_elsewhere_is_not(sender: str) -> None:
    assert not OURS.serves(sender, "localhost:8501")


@pytest.mark.parametrize("name", ["http://trustdesk.example.com", "a b", "evil@trustdesk", "*", "[::x]"])
def test_what_is_no_name_of_a_host_cannot_be_added(name: str) -> None:
    with pytest.raises(BadOptionError, match="--allow-host"):
        Hosts.of([name])
