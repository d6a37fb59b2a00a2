"""Grants and sources in Django's admin, to look at beside the groups and people."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from appliance.sources.models import Grant
from indexer.models import Source


@admin.register(Grant)
class GrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at only: a rule is saved on the page of its source, with its record."""

    list_display = ["group", "user", "source", "path_pattern", "allow", "expires_at", "created_at"]
    list_filter = ["source", "group", "allow"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, grant: Grant | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, grant: Grant | None = None) -> bool:
        return False


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at only: connecting and removing do more than a row, and have pages of their own."""

    list_display = ["name", "kind", "location", "created_at"]
    readonly_fields = ["name", "kind", "location", "ref_names", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, source: Source | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, source: Source | None = None) -> bool:
        return False
