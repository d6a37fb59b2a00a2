"""Settings of tokens, of emergency access, and of permissions that are taken from code hosts."""

from __future__ import annotations

from appliance.config.env import SettingError, env_int, env_list

__all__ = [
    "ACCOUNT_FORMS",
    "API_REQUESTS_PER_MINUTE",
    "CACHES",
    "GLASS_MINUTES",
    "HOST_ACCESS_LAPSE_HOURS",
    "HOST_ACCESS_SYNC_S",
    "MFA_FORMS",
    "OAUTH_HOSTS",
    "QUESTIONS_AT_ONCE",
    "REQUESTS_AT_ONCE",
    "TOKEN_DAYS",
    "TOKEN_MAX_DAYS",
]  # fmt: skip

# What limits attempts to sign in: in the database, for all processes, over restarts.
CACHES = {"default": {"BACKEND": "appliance.accounts.counting.CounterCache"}}
ACCOUNT_FORMS = {"change_password": "appliance.accounts.passwords.ChangePasswordForm"}
MFA_FORMS = {
    "add_webauthn": "appliance.accounts.passkeys.AddForm",
    "authenticate_webauthn": "appliance.accounts.passkeys.AuthenticateForm",
    "login_webauthn": "appliance.accounts.passkeys.LoginForm",
    "reauthenticate_webauthn": "appliance.accounts.passkeys.ReauthenticateForm",
}
# Days that an API token is good for: unless its person says otherwise, and at most.
TOKEN_DAYS = env_int("PLUMBLINE_TOKEN_DAYS", default=90, minimum=1)
TOKEN_MAX_DAYS = env_int("PLUMBLINE_TOKEN_MAX_DAYS", default=365, minimum=1)
API_REQUESTS_PER_MINUTE = env_int("PLUMBLINE_API_REQUESTS_PER_MINUTE", default=600)  # 0: no limit
# Of one person: requests under way in one web process, and questions that wait or are answered.
# 0: no limit.
REQUESTS_AT_ONCE = env_int("PLUMBLINE_REQUESTS_AT_ONCE", default=60)
QUESTIONS_AT_ONCE = env_int("PLUMBLINE_QUESTIONS_AT_ONCE", default=200)
# Where else than on their person's own computer programs may wait to be let in.
OAUTH_HOSTS = env_list("PLUMBLINE_OAUTH_HOSTS")
# So long an admin reads everything after opening emergency access, unless they end it before.
GLASS_MINUTES = env_int("PLUMBLINE_GLASS_MINUTES", default=60, minimum=1)

HOST_ACCESS_SYNC_S = env_int("PLUMBLINE_HOST_ACCESS_SYNC_S", default=900, minimum=60)
# So long what a host said last counts without a sync that went well; then nobody reads by it.
HOST_ACCESS_LAPSE_HOURS = env_int("PLUMBLINE_HOST_ACCESS_LAPSE_HOURS", default=24, minimum=1)

if TOKEN_DAYS > TOKEN_MAX_DAYS:
    raise SettingError("PLUMBLINE_TOKEN_DAYS: more than PLUMBLINE_TOKEN_MAX_DAYS allows")
if HOST_ACCESS_LAPSE_HOURS * 3600 <= HOST_ACCESS_SYNC_S:
    raise SettingError(
        "PLUMBLINE_HOST_ACCESS_LAPSE_HOURS: what a host said would lapse between two syncs; write "
        "more hours, or fewer seconds in PLUMBLINE_HOST_ACCESS_SYNC_S"
    )
