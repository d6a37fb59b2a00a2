"""Addresses of the pages over code hosts and the permissions taken from them."""

from __future__ import annotations

from django.urls import path

from appliance.sources.hostaccess import views

urlpatterns = [
    path("hosts/", views.code_hosts, name="code_hosts"),
    path("hosts/<int:host_id>/", views.code_host, name="code_host"),
    path("hosts/<int:host_id>/remove/", views.code_host_remove, name="code_host_remove"),
    path("hosts/<int:host_id>/people/", views.code_host_assign, name="code_host_assign"),
    path(
        "hosts/<int:host_id>/people/<int:person_id>/forget/",
        views.code_host_forget,
        name="code_host_forget",
    ),
    path("sources/<str:name>/host-access/", views.host_access, name="host_access"),
    path("sources/<str:name>/host-access/on/", views.host_access_on, name="host_access_on"),
    path("sources/<str:name>/host-access/sync/", views.host_access_sync, name="host_access_sync"),
    path("sources/<str:name>/host-access/off/", views.host_access_off, name="host_access_off"),
]
