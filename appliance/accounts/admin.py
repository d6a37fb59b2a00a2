"""People in Django's admin."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from appliance.accounts.models import User

admin.site.register(User, UserAdmin)
# One door: the admin's own form would know no limit of attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
