"""Addresses of the pages for admins."""

from __future__ import annotations

from django.urls import path

from appliance.web.managing import adapters, views

urlpatterns = [
    path("manage/", views.overview, name="manage"),
    path("manage/jobs/", views.job_list, name="jobs"),
    path("manage/jobs/retry/", views.jobs_retry, name="jobs_retry"),
    path("manage/jobs/<int:job_id>/retry/", views.job_retry, name="job_retry"),
    path("manage/adapters/", adapters.adapters_page, name="adapters"),
    path("manage/adapters/set/", adapters.adapter_set, name="adapter_set"),
    path(
        "manage/adapters/<int:adapter_id>/remove/", adapters.adapter_remove, name="adapter_remove"
    ),
    path("manage/settings/", views.settings_page, name="settings"),
]
