"""Addresses of this part."""

from __future__ import annotations

from django.urls import path

from appliance.web import views

urlpatterns = [
    path("status/", views.status, name="status"),
    path("metrics", views.metrics, name="metrics"),
    path("healthz/", views.healthz, name="healthz"),
    path("theme/", views.theme, name="theme"),
]
