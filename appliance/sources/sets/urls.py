"""Addresses of sets of sources."""

from __future__ import annotations

from django.urls import path

from appliance.sources.sets import views

urlpatterns = [
    path("sets/", views.set_list, name="source_sets"),
    path("sets/new/", views.set_new, name="source_set_new"),
    path("sets/<int:set_id>/", views.set_edit, name="source_set_edit"),
    path("sets/<int:set_id>/delete/", views.set_delete, name="source_set_delete"),
]
