"""Addresses of threads and messages; asking is the start page."""

from __future__ import annotations

from django.urls import include, path

from appliance.conversations import streams, views

urlpatterns = [
    path("", include("appliance.conversations.living.urls")),
    path("", include("appliance.conversations.curating.urls")),
    path("", views.ask_page, name="ask"),
    path("threads/<uuid:thread_id>/", views.thread_page, name="thread"),
    path("threads/<uuid:thread_id>/ask/", views.thread_ask, name="thread_ask"),
    path("threads/<uuid:thread_id>/rename/", views.thread_rename, name="thread_rename"),
    path("threads/<uuid:thread_id>/delete/", views.thread_delete, name="thread_delete"),
    path("messages/<uuid:message_id>/stop/", views.message_stop, name="message_stop"),
    path("messages/<uuid:message_id>/evidence/", views.message_evidence, name="message_evidence"),
    path("messages/<uuid:message_id>/events/", streams.answer_events, name="message_events"),
]
