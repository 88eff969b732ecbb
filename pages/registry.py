"""Registry: all versions of the model, which is live, how good each is, and what it was made from."""

from app import session
from app.components.learning.gate_report import at_the_gate
from app.components.registry.about import about
from app.components.registry.challenger import in_the_shadow
from app.components.registry.hub import on_hub, under_way
from app.components.registry.promotion import change, in_charge, promotions, refused
from app.components.registry.versions import chosen, versions
from app.components.shared.heading import page_title
from app.components.shared.no_model import no_model
from app.queries import services

with page_title("Registry", "registry") as actions:
    session.said()
history = promotions()
found = services.home().registry.listing(history)
if not found:
    with actions:
        on_hub(None)
    under_way()
    no_model()
else:
    champion = next((each for each in found if each.in_charge), None)
    picked = chosen(found)
    with actions:
        on_hub(picked)
        change(picked, champion, history)
    under_way()
    in_charge(champion)
    refused()
    versions(found, picked)
    at_the_gate(picked.version)
    about(picked, champion)
    in_the_shadow(picked, champion)
