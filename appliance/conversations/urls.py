"""Addresses of threads and messages; asking is the start page."""

from __future__ import annotations

from django.urls import path

from appliance.conversations import patching, prompt_views, streams, views

urlpatterns = [
    path("", views.ask_page, name="ask"),
    path("threads/<uuid:thread_id>/", views.thread_page, name="thread"),
    path("threads/<uuid:thread_id>/ask/", views.thread_ask, name="thread_ask"),
    path("threads/<uuid:thread_id>/rename/", views.thread_rename, name="thread_rename"),
    path("threads/<uuid:thread_id>/delete/", views.thread_delete, name="thread_delete"),
    path("messages/<uuid:message_id>/stop/", views.message_stop, name="message_stop"),
    path("messages/<uuid:message_id>/evidence/", views.message_evidence, name="message_evidence"),
    path("messages/<uuid:message_id>/prompt/", prompt_views.prompt_page, name="message_prompt"),
    path("messages/<uuid:message_id>/again/", prompt_views.ask_again, name="message_again"),
    path(
        "messages/<uuid:message_id>/patches/<int:number>.patch",
        patching.message_patch,
        name="message_patch",
    ),
    path("messages/<uuid:message_id>/events/", streams.answer_events, name="message_events"),
]
