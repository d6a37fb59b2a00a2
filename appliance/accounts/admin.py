"""People in Django's admin."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.http import HttpRequest

from appliance.accounts.lockout import LockedOut, is_last_admin, keep_an_admin
from appliance.accounts.models import User


class PersonForm(UserChangeForm):  # type: ignore[type-arg]  # not generic when it runs
    """Refuses to make the last admin anything less."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not (cleaned.get("is_active") and cleaned.get("is_staff")):
            try:
                keep_an_admin(without=self.instance)
            except LockedOut as exc:
                raise forms.ValidationError(str(exc)) from exc
        return cleaned


class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Django's, which keeps the last admin. Several are not deleted at once: one may be the last."""

    form = PersonForm

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and is_last_admin(obj))


admin.site.register(User, PersonAdmin)
# One door: the admin's own form would know no limit of attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
