"""The Celery application; `delay_on_commit` exists because the settings are named first."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "appliance.config.settings")

from celery import Celery

from appliance.web import watchdog
from appliance.web.egress import workers

app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
watchdog.guard()
workers.guard()
