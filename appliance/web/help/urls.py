"""Addresses of this part."""

from __future__ import annotations

from django.urls import path

from appliance.web.help import views

urlpatterns = [
    path("help/", views.index, name="help"),
    path("help/pictures/<str:name>", views.picture, name="help_picture"),
    path("help/<path:name>/", views.page, name="help_page"),
]
