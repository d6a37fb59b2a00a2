"""What the web server runs."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "appliance.config.settings")
os.environ.setdefault("PLUMBLINE_DATABASE_ROLE", "web")

from django.conf import settings
from django.core.asgi import get_asgi_application

pages = get_asgi_application()  # sets Django up; what follows needs its models

from appliance.web.bodies import MIB, BodyLimit  # noqa: E402
from appliance.web.egress.guarding import begin  # noqa: E402
from appliance.web.mcp.door import McpDoor  # noqa: E402

begin("web")
application = BodyLimit(McpDoor(pages), upload_bytes=settings.UPLOAD_LIMIT_MB * MIB)
