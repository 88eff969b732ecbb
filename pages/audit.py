"""Audit: who did what, when and why."""

from app.components.audit.audit_log import audit_log
from app.components.shared.heading import page_title

with page_title("Audit", "audit"):
    pass
audit_log()
