"""What changed between two runs, worked out once: runs never change."""

from __future__ import annotations

from app.queries import services
from core.catalog.changes import Changes


def changes(before: str, after: str) -> Changes:
    """Raises UnknownItemError, and RefusedError where they have no user in common."""
    here = services.home()
    return services.kept(("changes", here, before, after), lambda: here.rescans.between(before, after))
