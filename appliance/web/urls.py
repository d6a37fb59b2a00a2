"""Addresses of this part."""

from __future__ import annotations

from django.urls import include, path

from appliance.web import api, views

urlpatterns = [
    path("", include("appliance.web.managing.urls")),
    path("", include("appliance.web.insight.urls")),
    path("", include("appliance.web.auditing.urls")),
    path("status/", views.status, name="status"),
    path("metrics", views.metrics, name="metrics"),
    path("healthz/", views.healthz, name="healthz"),
    path("theme/", views.theme, name="theme"),
    path("api/v1/me", api.me, name="api_me"),
    path("api/v1/search", api.search_hits, name="api_search"),
]
