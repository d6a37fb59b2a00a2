"""Addresses of insight."""

from __future__ import annotations

from django.urls import path

from appliance.web.insight import views
from appliance.web.insight.sheets import SHEETS

urlpatterns = [
    path("manage/insight/", views.insight, name="insight"),
    *(
        path(f"manage/insight/{name}.csv", views.sheet, {"table": name}, name=f"insight_{name}")
        for name in SHEETS
    ),
]
