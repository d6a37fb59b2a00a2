"""People and groups in Django's admin."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse

from appliance.accounts.lockout import LockedOut, is_last_admin, keep_an_admin
from appliance.accounts.models import Role, User
from appliance.audit.actions import Action
from appliance.audit.admin import RecordedAdmin
from appliance.audit.recording import record

# Each is an action of its own and not named among the changed fields.
OF_THEIR_OWN = {"groups", "is_active", "is_staff", "is_superuser", "password"}


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


class RecordedUserAdmin(RecordedAdmin, UserAdmin):  # type: ignore[type-arg]
    """A change of a person is several actions at once: each is recorded as what it is.

    The last admin is kept: several people are not deleted at once, for one may be the last.
    """

    form = PersonForm
    readonly_fields = ("last_login", "date_joined")  # what happened, not what somebody enters
    recorded_kind = "person"
    recorded_as = (Action.PERSON_CREATED, Action.PERSON_CHANGED, Action.PERSON_DELETED)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and is_last_admin(obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            return
        target, changed = self.target_of(obj), set(form.changed_data)
        if "is_active" in changed:
            record(
                Action.PERSON_ENABLED if obj.is_active else Action.PERSON_DISABLED, target=target
            )
        if changed & {"is_staff", "is_superuser"}:
            given = obj.is_staff or obj.is_superuser
            action = Action.ROLE_GIVEN if given else Action.ROLE_TAKEN
            record(action, target=target, details={"role": Role.ADMIN.value})
        if fields := sorted(changed - OF_THEIR_OWN):
            record(Action.PERSON_CHANGED, target=target, details={"changed": fields})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        person = form.instance
        before = set(person.groups.all())
        super().save_related(request, form, formsets, change)
        after = set(person.groups.all())
        for action, groups in (
            (Action.MEMBER_ADDED, after - before),
            (Action.MEMBER_REMOVED, before - after),
        ):
            for name in sorted(group.name for group in groups):
                record(action, target=self.target_of(person), details={"group": name})

    def log_change(self, request: HttpRequest, row: models.Model, message: Any) -> Any:
        """Record a new password; what else changed was recorded when it was saved."""
        if (
            request.resolver_match
            and request.resolver_match.url_name == "auth_user_password_change"
        ):
            record(Action.PASSWORD_CHANGED, target=self.target_of(row))
        return UserAdmin.log_change(self, request, row, message)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)


class RecordedGroupAdmin(RecordedAdmin, GroupAdmin):
    recorded_kind = "group"
    recorded_as = (Action.GROUP_CREATED, Action.GROUP_CHANGED, Action.GROUP_DELETED)


admin.site.register(User, RecordedUserAdmin)
admin.site.unregister(Group)
admin.site.register(Group, RecordedGroupAdmin)
# One door: the admin's own form would know no limit of attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
