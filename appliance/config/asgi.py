"""What the web server runs."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "appliance.config.settings")
os.environ.setdefault("PLUMBLINE_DATABASE_ROLE", "web")

from django.conf import settings
from django.core.asgi import get_asgi_application

from appliance.web.bodies import MIB, BodyLimit

django_application = get_asgi_application()

# After it, because models cannot be imported before.
from appliance.web.egress.guarding import begin  # noqa: E402

begin("web")
application = BodyLimit(django_application, upload_bytes=settings.UPLOAD_LIMIT_MB * MIB)
