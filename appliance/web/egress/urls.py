"""Addresses of the proof of the air gap."""

from __future__ import annotations

from django.urls import path

from appliance.web.egress import views

urlpatterns = [
    path("manage/egress/", views.egress, name="egress"),
    path("manage/egress/look/", views.egress_look, name="egress_look"),
    path("manage/egress/export/", views.egress_export, name="egress_export"),
]
