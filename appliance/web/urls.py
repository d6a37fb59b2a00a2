"""Addresses of this part."""

from __future__ import annotations

from django.urls import include, path

from appliance.web import clients, views
from appliance.web.api import reference
from appliance.web.api.site import api
from appliance.web.chat.site import chat

urlpatterns = [
    path("", include("appliance.web.help.urls")),
    path("", include("appliance.web.managing.urls")),
    path("", include("appliance.web.insight.urls")),
    path("", include("appliance.web.auditing.urls")),
    path("", include("appliance.web.egress.urls")),
    path("", include("appliance.web.support.urls")),
    path("status/", views.status, name="status"),
    path("metrics", views.metrics, name="metrics"),
    path("healthz/", views.healthz, name="healthz"),
    path("clients/", clients.client_list, name="clients"),
    path("clients/<str:name>", clients.client_file, name="client_file"),
    path("theme/", views.theme, name="theme"),
    path("reference/", reference.reference_page, name="api_reference"),
    path("reference/openapi.json", reference.reference_document, name="api_document"),
    path("api/v1/openapi.json", reference.openapi, name="api_openapi"),
    path("api/v1/", api.urls),
    path("v1/", chat.urls),
]
