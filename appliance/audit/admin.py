"""What is done in Django's admin is recorded, in the transaction in which it is done."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from appliance.audit.actions import Action
from appliance.audit.recording import Target, record


class RecordedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page of the admin whose additions, changes and deletions are recorded by these names."""

    recorded_kind: ClassVar[str]
    recorded_as: ClassVar[tuple[Action, Action, Action]]  # added, changed, deleted

    def target_of(self, row: models.Model) -> Target:
        return Target(self.recorded_kind, str(row.pk), str(row))

    def log_addition(self, request: HttpRequest, row: models.Model, message: Any) -> Any:
        record(self.recorded_as[0], target=self.target_of(row))
        return super().log_addition(request, row, message)

    def log_change(self, request: HttpRequest, row: models.Model, message: Any) -> Any:
        details = {"changed": changed_in(message)}
        record(self.recorded_as[1], target=self.target_of(row), details=details)
        return super().log_change(request, row, message)

    def log_deletions(self, request: HttpRequest, rows: QuerySet[Any]) -> Any:
        for row in rows:
            record(self.recorded_as[2], target=self.target_of(row))
        return super().log_deletions(request, rows)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *where: Any
    ) -> HttpResponse | None:
        """Do what was chosen for several rows as a whole, with its records, or not at all."""
        with transaction.atomic():
            return super().response_action(request, queryset, *where)


def changed_in(message: Any) -> list[str]:
    """Return the names of the fields that Django's message of a change names; never their values."""
    parts = message if isinstance(message, list) else []
    return [str(name) for part in parts for name in part.get("changed", {}).get("fields", ())]
