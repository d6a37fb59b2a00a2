"""The Django app of the audit: what was done, by whom, and what they were shown."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "appliance.audit"
    verbose_name = "Audit"
