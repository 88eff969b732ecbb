"""Audit: who did what, when and why."""

import streamlit as st

from app.components.audit_log import audit_log
from app.components.heading import page_title

with page_title("Audit"):
    pass
st.markdown("Who did what, when and why. Every line is chained to the one before, so that a change is found.")
audit_log()
