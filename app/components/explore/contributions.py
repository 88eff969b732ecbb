"""How the model uses its features, on the users looked at."""

from __future__ import annotations

from app.components.explore.summary import look_at
from app.components.shared.figure import Click, Mark
from app.components.shared.swarm import MOST, swarm
from app.queries import explore
from core.diagnostics.contributions import Contributions
from core.registry.registry import Model
from core.scoring.view import View


def contributions(view: View, model: Model) -> None:
    """The strongest features; a click on a dot shows its feature."""
    use = explore.use(view, model)
    inside = explore.rows(view)[use.rows]
    found = Contributions(use.found.names, use.found.values[inside], use.found.pushes[inside])
    names = [found.names[at] for at in found.strongest(MOST)]

    def look(point: Mark) -> None:
        name = names[round(point["y"])]
        if name in explore.schema(view).measures:
            look_at(name)

    swarm(found, model, "users drawn at random", click=Click(look, "click a dot for its feature"))
