"""Addresses of this part."""

from __future__ import annotations

from django.urls import include, path

from appliance.web import views
from appliance.web.api.site import api

urlpatterns = [
    path("", include("appliance.web.managing.urls")),
    path("", include("appliance.web.auditing.urls")),
    path("status/", views.status, name="status"),
    path("metrics", views.metrics, name="metrics"),
    path("healthz/", views.healthz, name="healthz"),
    path("theme/", views.theme, name="theme"),
    path("api/v1/", api.urls),
]
