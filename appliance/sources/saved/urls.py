"""Addresses of saved searches and notifications."""

from __future__ import annotations

from django.urls import path

from appliance.sources.saved import views

urlpatterns = [
    path("searches/", views.search_list, name="saved_searches"),
    path("searches/save/", views.search_save, name="saved_save"),
    path("searches/webhook/", views.target_set, name="saved_webhook"),
    path("searches/webhook/answers/", views.target_answers, name="saved_webhook_answers"),
    path("searches/webhook/remove/", views.target_remove, name="saved_webhook_remove"),
    path("searches/<int:search_id>/", views.search_edit, name="saved_edit"),
    path("searches/<int:search_id>/delete/", views.search_delete, name="saved_delete"),
    path("notifications/", views.notification_list, name="notifications"),
    path("notifications/read/", views.notification_read, name="notification_read"),
]
