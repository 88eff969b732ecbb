"""Policy: what happens to a user at each score, by lists, rules and thresholds; tried before it is activated."""

from app import session
from app.components.policy import drafting
from app.components.policy.aims_form import change_aims, made_for
from app.components.policy.automation import automation
from app.components.policy.draft_bar import changes, draft_bar
from app.components.policy.kept import kept
from app.components.policy.lists import lists
from app.components.policy.removal_form import change_removal
from app.components.policy.rules import rules
from app.components.policy.thresholds import change_thresholds, thresholds, tried
from app.components.policy.versions import versions
from app.components.shared.heading import page_title
from app.queries.policy import desk

found = desk()
with page_title("Policy", "policy"):
    session.said()
    versions(found)
    if drafting.may_change():
        change_thresholds(found)
        change_aims(found)
        change_removal(found)
backtest = tried(found)
thresholds(found, backtest)
made_for(found)
kept()
automation()
rules(found, backtest)
lists(found)
changes(found, backtest)
draft_bar(found, backtest)
