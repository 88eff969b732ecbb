"""Who sits in front of this browser tab: a name in local mode, an account where a team shares the home."""

from __future__ import annotations

import secrets
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import guard
from app.queries import services
from app.web import rate_limit, uploads
from core.access import accounts
from core.access.accounts import Deed, Person

_NAME: Final = "_who"
#: Apart from the name, which anybody may give: it must not become an account once a home has accounts.
_ACCOUNT: Final = "_account"
_SAID: Final = "_said"
_TOKEN: Final = "_tab"  # noqa: S105 - names a key, is no secret
#: In local mode the address carries the name, so that a reload does not ask again.
_ADDRESS: Final = "as"


def person() -> Person | None:
    """Who is here, with the role as it is now; None before anybody has said so, and once an account is gone."""
    if not services.home().accounts.local():
        name = st.session_state.get(_ACCOUNT)
    elif (name := st.session_state.get(_NAME)) is None:
        name = st.session_state[_NAME] = _in_address()
    return services.home().accounts.current(name) if name else None


def by() -> str | None:
    """The name of who is here, None before anybody has said so."""
    here = person()
    return here.name if here else None


def locked() -> bool:
    """Whether this home asks for a password, and nobody has given one in this tab."""
    return not services.home().accounts.local() and person() is None


def come_in(name: str) -> None:
    """Local mode: whoever gives a usable name is that person; where there are accounts, nothing changes."""
    if services.home().accounts.local():
        st.session_state[_NAME] = accounts.named(name)


def sign_in(name: str, password: str) -> None:
    """Raises SignInError, and TooOftenError where this client has tried too many."""
    # Behind a proxy on this machine, the server takes the client from X-Forwarded-For.
    client = rate_limit.client(st.context.ip_address)
    rate_limit.SIGN_IN.take(client, services.clock())
    st.session_state[_ACCOUNT] = services.home().accounts.check(name, password, now=services.now()).name
    rate_limit.SIGN_IN.give_back(client)


def let_files_in(*, admitted: bool) -> None:
    """Have the server take files that are uploaded in this tab, or refuse them."""
    if (context := get_script_run_ctx()) is not None:
        uploads.OURS.admit(context.session_id, admitted=admitted)


def leave() -> None:
    st.session_state[_NAME] = st.session_state[_ACCOUNT] = None
    st.query_params.pop(_ADDRESS, None)


def remember() -> None:
    """Keep the name in the address, in local mode only."""
    if (name := st.session_state.get(_NAME)) and services.home().accounts.local():
        st.query_params[_ADDRESS] = name


def may(deed: Deed) -> bool:
    """Whether to offer something; what it does asks again. In local mode everybody may, named or not."""
    found = person()
    return services.home().accounts.local() if found is None else found.may(deed)


def say(what: str, *, icon: str = ":material/check_circle:") -> None:
    """Something done or refused, as markdown: a callback runs before the page, so it waits until `said`."""
    waiting: list[tuple[str, str]] = st.session_state.setdefault(_SAID, [])
    if (what, icon) not in waiting:
        waiting.append((what, icon))


def said() -> None:
    """Show what was done or refused, once."""
    for what, icon in st.session_state.pop(_SAID, []):
        st.toast(what, icon=icon)


def tab() -> str:
    """Tells this tab from another one of the same person."""
    return str(st.session_state.setdefault(_TOKEN, secrets.token_hex(8)))


def _in_address() -> str | None:
    """The name in the address; one that nobody can have is told and dropped."""
    text = st.query_params.get(_ADDRESS)
    if not text:
        return None
    with guard.shown() as failure:
        name = accounts.named(text)
    if failure.error is None:
        return name
    st.query_params.pop(_ADDRESS)
    return None
