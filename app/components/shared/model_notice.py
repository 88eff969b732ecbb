"""What has to be said wherever a model is named."""

from __future__ import annotations

import streamlit as st

from app.words import plain
from core.registry.registry import Model


def model_notice(model: Model) -> None:
    """The sentence that was given to this version at training, such as that its users were simulated."""
    if model.metadata.notice:
        st.caption(f":material/warning: {model.version} is {plain(model.metadata.notice)}")
