"""Addresses of threads and messages; asking is the start page."""

from __future__ import annotations

from django.urls import include, path

from appliance.conversations import patching, streams
from appliance.conversations.views import (
    exporting,
    messages,
    palette,
    prompts,
    sharing,
    suggesting,
    threads,
)

THREAD = "threads/<uuid:thread_id>"
MESSAGE = "messages/<uuid:message_id>"

urlpatterns = [
    path("", include("appliance.conversations.living.urls")),
    path("", include("appliance.conversations.curating.urls")),
    path("", threads.ask_page, name="ask"),
    path("palette/", palette.palette, name="palette"),
    path(f"{THREAD}/", threads.thread_page, name="thread"),
    path(f"{THREAD}/ask/", threads.thread_ask, name="thread_ask"),
    path(f"{THREAD}/rename/", threads.thread_rename, name="thread_rename"),
    path(f"{THREAD}/labels/", threads.thread_label, name="thread_label"),
    path(f"{THREAD}/delete/", threads.thread_delete, name="thread_delete"),
    path(f"{THREAD}/share/", sharing.thread_share, name="thread_share"),
    path(f"{THREAD}/share/<int:share_id>/", sharing.thread_unshare, name="thread_unshare"),
    path(f"{THREAD}/continue/", sharing.thread_continue, name="thread_continue"),
    path(f"{THREAD}/thread.md", exporting.thread_export, {"ending": "md"}, "thread_markdown"),
    path(f"{THREAD}/thread.json", exporting.thread_export, {"ending": "json"}, "thread_json"),
    path(f"{MESSAGE}/stop/", messages.message_stop, name="message_stop"),
    path(f"{MESSAGE}/evidence/", messages.message_evidence, name="message_evidence"),
    path(f"{MESSAGE}/next/", suggesting.message_next, name="message_next"),
    path(f"{MESSAGE}/events/", streams.answer_events, name="message_events"),
    path(f"{MESSAGE}/again/", messages.message_again, name="message_again"),
    path(f"{MESSAGE}/pin/", messages.message_pin, name="message_pin"),
    path(f"{MESSAGE}/delete/", messages.message_delete, name="message_delete"),
    path(f"{MESSAGE}/prompt/", prompts.prompt_page, name="message_prompt"),
    path(f"{MESSAGE}/again/files/", prompts.ask_again, name="message_with_files"),
    path(f"{MESSAGE}/patches/<int:number>.patch", patching.message_patch, name="message_patch"),
]
