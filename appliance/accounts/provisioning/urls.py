"""Addresses of the pages over what a directory brings."""

from __future__ import annotations

from django.urls import path

from appliance.accounts.provisioning import views

urlpatterns = [
    path("directory/<slug:slug>/mapping/", views.groups, name="directory_mapping"),
    path("directory/<slug:slug>/provisioning/", views.provisioning, name="directory_provisioning"),
    path("directory/<slug:slug>/sync/", views.sync, name="directory_sync"),
    path("directory/<slug:slug>/tokens/", views.token_new, name="directory_token_new"),
    path(
        "directory/<slug:slug>/tokens/<int:token_id>/revoke/",
        views.token_revoke,
        name="directory_token_revoke",
    ),
]
