"""Addresses of this part."""

from __future__ import annotations

from django.urls import path

try:
    from appliance.web import views
except ImportError:  # the flows are not there yet
    urlpatterns = []
else:
    urlpatterns = []
    urlpatterns += [
        path("status/", views.status, name="status"),
        path("healthz/", views.healthz, name="healthz"),
        path("theme/", views.theme, name="theme"),
    ]
