"""Audit: who did what, when and why."""

from app.components.audit_log import audit_log
from app.components.heading import page_title

with page_title("Audit", "audit"):
    pass
audit_log()
