"""User: everything this workspace knows of one user, and what can be done."""

from app import guard, session
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import page_title
from app.components.shared.user_notes import user_notes
from app.components.user.correction import corrections
from app.components.user.known_user import asked_for, decisions, judged, nothing_known, open_sighting, sightings
from app.components.user.latest import Latest, actions, latest_score
from app.components.user.latest_message import latest_message
from app.components.user.snoozing import into_snooze, snoozing
from app.queries import services
from app.words import plain

user = asked_for()
with page_title(f"User {plain(user)}" if user else "User", "user") as title:
    pass
if not user:
    with empty_state("Which user?", "Type an id into *Find a user*, in the sidebar of every page, and press Enter."):
        pass
else:
    home = services.home()
    guard.told()
    session.said()
    scored, asked = home.predictions_of_user.of_user(user), home.cases.of_user(user)
    verdicts, told = services.verdicts_on(user), home.outbox.of_user(user)
    if not (scored or asked or len(verdicts) or len(told)):
        nothing_known(user)
    with title:
        into_snooze(user)
    snoozing(user, asked)
    latest_message(scored, asked)
    if (latest := Latest.of(user, scored, asked)) is not None:
        known = latest.known(scored, verdicts)
        latest_score(latest, known)
        with title:
            actions(latest, known)
    user_notes(user, asked)
    opened = sightings(scored, asked)
    judged(asked, verdicts)
    corrections(verdicts["id"].tolist())
    decisions(told, home.outbox.confirmed())
    if opened:
        open_sighting(opened)
