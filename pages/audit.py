"""Audit: who did what, when and why, and every verdict that was given."""

from app import session
from app.components.audit.audit_log import audit_log
from app.components.audit.verdict_list import verdicts
from app.components.shared.heading import page_title
from app.components.shared.panels import panel

with page_title("Audit", "audit"):
    session.said()
if panel("audit_panel", ("Log", "Verdicts")) == "Log":
    audit_log()
else:
    verdicts()
