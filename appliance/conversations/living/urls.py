"""Addresses of answers that changed."""

from __future__ import annotations

from django.urls import path

from appliance.conversations.living import views

urlpatterns = [
    path("changed/", views.changed_list, name="changed_answers"),
    path("changed/seen/", views.changed_seen, name="changed_seen"),
    path("changed/<uuid:message_id>/again/", views.answer_again, name="answer_again"),
    path(
        "messages/<uuid:message_id>/citations/<int:link_id>/compare/",
        views.citation_compare,
        name="citation_compare",
    ),
]
