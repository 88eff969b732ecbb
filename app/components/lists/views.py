"""Views of a list: those it comes with and those somebody has saved, to go to, save, rename, share and delete."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app import guard, session
from app.components.lists import place
from app.components.shared import room
from app.queries import services
from app.words import count, plain
from core.access import accounts
from core.access.saved_views import ListOf, SavedView

_SHARED = ":material/group: "


@dataclass(frozen=True, slots=True)
class Choice:
    """A view to go to: its name as markdown, how many it shows, and what its address says."""

    name: str
    users: int
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Views:
    """The views of the list `of`, drawn under `key`. known: the names of an address that are those of a view."""

    of: ListOf
    key: str
    known: Collection[str]
    now: Mapping[str, str]

    def saved(self) -> tuple[SavedView, ...]:
        person = session.person()
        return services.home().saved_views.seen_by(self.of, person.name if person else "")

    def named(self, view: SavedView) -> str:
        return f"{_SHARED if view.shared else ''}{plain(view.name)}"

    def control(self, choices: Sequence[Choice]) -> None:
        """The views beside each other, with how many each shows; that which is shown is marked."""
        name, at = f"views-{self.key}", next((i for i, each in enumerate(choices) if each.params == self.now), None)
        st.session_state[name] = at

        def go() -> None:
            if (to := st.session_state[name]) is not None:
                place.show(choices[to].params, self.known)

        words = [f"{each.name} {count(each.users)}" for each in choices]
        with room.line(sum(map(room.width, words))):
            st.segmented_control(
                "View", range(len(choices)), key=name, on_change=go, label_visibility="collapsed",
                format_func=words.__getitem__,
            )  # fmt: skip

    def menu(self) -> None:
        """Save what is shown, and what can be done with views of one's own."""
        with st.popover("Views", icon=":material/bookmark:"):
            self._save()
            person = session.person()
            own = [view for view in self.saved() if person is not None and view.owner == person.name]
            if person is not None and own:
                self._change(own, person.name)
            st.caption("The address of this page opens the same view for whoever may see it.")

    def _save(self) -> None:
        person, key = session.person(), self.key
        with st.form(f"save-view-{key}", border=False, clear_on_submit=True):
            name = st.text_input("Save this view as", max_chars=40, key=f"view-name-{key}")
            who = person.name if person else st.text_input("Your name", max_chars=80, key=f"view-by-{key}")
            shared = st.checkbox("Everybody sees it", key=f"view-shared-{key}")
            if st.form_submit_button("Save view", type="primary"):

                def save() -> None:
                    by = accounts.named(who)
                    session.come_in(by)
                    made = services.home().saved_views.save(self.of, name, self.now, by=by, now=services.now())
                    if shared != made.shared:
                        services.home().saved_views.share(made.number, shared=shared, by=by, now=services.now())

                self._done(save, f"View {name.strip()} saved")

    def _change(self, own: Sequence[SavedView], by: str) -> None:
        key, views = self.key, services.home().saved_views
        chosen = st.selectbox("Your views", own, format_func=lambda view: view.name, key=f"view-own-{key}")
        name = st.text_input("Name", chosen.name, max_chars=40, key=f"view-new-{key}-{chosen.number}")
        deeds: dict[str, Callable[[], object]] = {
            "Rename": lambda: views.rename(chosen.number, name, by=by, now=services.now()),
            "Stop sharing" if chosen.shared else "Share": lambda: views.share(
                chosen.number, shared=not chosen.shared, by=by, now=services.now()
            ),
            "Delete": lambda: views.remove(chosen.number, by=by),
        }
        with st.container(horizontal=True, gap="small"):
            for word, deed in deeds.items():
                if st.button(word, type="tertiary", key=f"view-{word}-{key}"):
                    self._done(deed, f"View {chosen.name}: {word.lower()}, done")

    def _done(self, deed: Callable[[], object], told: str) -> None:
        with guard.shown() as failure:
            deed()
        if failure.error is None:
            session.say(plain(told))
            st.rerun()
