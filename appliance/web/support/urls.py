"""Addresses of the support bundle."""

from __future__ import annotations

from django.urls import path

from appliance.web.support import views

urlpatterns = [
    path("manage/support/", views.support, name="support"),
    path("manage/support/bundle/", views.support_bundle, name="support_bundle"),
]
