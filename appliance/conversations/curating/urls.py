"""Addresses of feedback and of the curators' queue."""

from __future__ import annotations

from django.urls import path

from appliance.conversations.curating.views import curation, feedback

urlpatterns = [
    path("messages/<uuid:message_id>/feedback/", feedback.feedback, name="feedback"),
    path(
        "messages/<uuid:message_id>/feedback/remove/",
        feedback.feedback_remove,
        name="feedback_remove",
    ),
    path("curation/", curation.curation_page, name="curation"),
    path("curation/lines/", curation.curated_list, name="curated"),
    path("curation/lines/<int:lines_id>/withdraw/", curation.curated_withdraw, name="withdraw"),
    path("curation/report/", curation.report_page, name="unanswered"),
    path("curation/<uuid:message_id>/", curation.case_page, name="case"),
]
