"""The versions of the model: each file against its sum, and everything that names a version against those there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from core.catalog.proof.finding import Finding
from core.registry.lineage import VERSION, Lineage
from core.registry.registry import CHAMPION, Registry

_PUT_BACK: Final = "Restore its folder from a backup."
_LIVE: Final = "Promote a version, or restore it from a backup."


def check(registry: Registry, lineage: Lineage, named: Mapping[str, str]) -> Iterator[Finding]:
    """named: of versions that something names, what does, as "r-0001 was scored by it"."""
    versions = registry.versions()
    for each in registry.listing():
        if each.metadata is None:
            yield Finding(f"models/{each.version}", f"is damaged ({each.damage.rstrip('.')})", _PUT_BACK)
    noted = {each.version: f"the audit log says that {each.by} promoted it" for each in lineage.noted()}
    champion = registry.champion()
    if champion is not None and champion not in versions:
        yield Finding(f"models/{CHAMPION}", "names no version that is there", _LIVE)
    elif noted and champion not in noted:
        what = "is gone, and the audit log says" if champion is None else f"names {champion}, the audit log"
        yield Finding(f"models/{CHAMPION}", f"{what} that {[*noted][-1]} was promoted", _LIVE)
    between = dict.fromkeys(_up_to(versions), "there are later ones")
    for version, why in sorted((between | dict(named) | noted).items()):
        if version not in versions and VERSION.fullmatch(version):
            yield Finding(f"models/{version}", f"is gone: {why}", _PUT_BACK)


def _up_to(versions: Iterable[str]) -> Iterator[str]:
    last = max((int(version[1:]) for version in versions), default=0)
    return (f"v{number:04d}" for number in range(1, last))
