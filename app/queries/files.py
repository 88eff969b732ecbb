"""What pages ask of files that were dropped and not used yet."""

from __future__ import annotations

import streamlit as st

from app.queries import services
from core.data.formats.options import Given
from core.data.understanding import preview as previews
from core.data.understanding.mappings import Mapping
from core.data.understanding.preview import Preview
from core.home import Home
from core.schema.schema import Schema


def preview(file: str, name: str, content: bytes, given: Given, *, need_label: bool) -> Preview:
    """What a file begins with; `file` names the upload. Raises FileProblemError, BadOptionError."""
    home = services.home()
    return _preview(home, file, services.schema(), given, home.mappings.listed(), name, content, need_label=need_label)


@st.cache_resource(
    max_entries=8, ttl="30m", show_spinner=False,
    hash_funcs={Home: lambda home: str(home.settings.home), Schema: lambda schema: schema.fingerprint, Given: repr,
                Mapping: repr},
)  # fmt: skip
def _preview(
    home: Home, file: str, schema: Schema, given: Given, mappings: tuple[Mapping, ...], name: str, _content: bytes, *,
    need_label: bool,
) -> Preview:  # fmt: skip
    assert file  # noqa: S101 - of the key
    limits = home.file_limits.load()
    return previews.preview(name, _content, schema, given, mappings, need_label=need_label, limits=limits)
