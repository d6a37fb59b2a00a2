"""The product's settings for tests: embedded services, a home of its own, no model."""

from __future__ import annotations

import os

from tests.services import database_url, own_home

os.environ["PLUMBLINE_HOME"] = own_home()
os.environ["PLUMBLINE_SECRET_KEY"] = "only-for-tests-" + "x" * 40
os.environ["PLUMBLINE_DATABASE_URL"] = database_url()
os.environ["PLUMBLINE_CHAT_URL"] = "none"
os.environ["PLUMBLINE_EGRESS"] = "off"  # its own tests look, and never at the world
os.environ["PLUMBLINE_EGRESS_TARGETS"] = "tcp://127.0.0.1:9"
os.environ["PLUMBLINE_LOG_LEVEL"] = "WARNING"

from appliance.config.settings import *  # noqa: F403
from appliance.config.settings import DATABASES, STATIC_ROOT

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it
DATABASES["default"]["NAME"] = "plumbline"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
