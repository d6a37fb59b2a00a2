"""Every address of sign-in. Of allauth's pages only those that this product has a use for.

allauth's own lists would add sign-up, e-mail addresses, and linking of accounts.
"""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import path

from appliance.accounts.oauth import views as oauth
from appliance.accounts.oidc import views as oidc
from appliance.accounts.provisioning.urls import urlpatterns as provisioning
from appliance.accounts.saml import views as saml
from appliance.accounts.views import (
    device,
    directories,
    glass,
    groups,
    local,
    making,
    people,
    rules,
    sessions,
    testing,
)
from appliance.accounts.views.local import for_local_accounts as guard

SIGN_IN = [
    path("accounts/login/", local.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/password/reset/", account.password_reset, name="account_reset_password"),
    path("accounts/2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("accounts/2fa/passkeys/login/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("accounts/oidc/<slug:provider_id>/login/", oidc.login, name="openid_connect_login"),
    path(
        "accounts/oidc/<slug:provider_id>/callback/", oidc.callback, name="openid_connect_callback"
    ),
    path("accounts/oidc/<slug:provider_id>/logout/", oidc.logout, name="openid_connect_logout"),
    path("accounts/saml/<slug:slug>/login/", saml.login, name="saml_login"),
    path("accounts/saml/<slug:slug>/acs/", saml.acs, name="saml_acs"),
    path("accounts/saml/<slug:slug>/acs/finish/", saml.finish, name="saml_finish_acs"),
    path("accounts/saml/<slug:slug>/metadata/", saml.metadata, name="saml_metadata"),
]
OWN_ACCOUNT = [
    path(
        "accounts/password/change/", guard(account.password_change), name="account_change_password"
    ),
    path("accounts/reauthenticate/", guard(account.reauthenticate), name="account_reauthenticate"),
    path("accounts/2fa/", guard(mfa.index), name="mfa_index"),
    path("accounts/2fa/reauthenticate/", guard(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("accounts/2fa/totp/activate/", guard(totp.activate_totp), name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", guard(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("accounts/2fa/codes/", guard(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "accounts/2fa/codes/generate/",
        guard(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/2fa/passkeys/", guard(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("accounts/2fa/passkeys/add/", guard(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path(
        "accounts/2fa/passkeys/reauthenticate/",
        guard(passkeys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "accounts/2fa/passkeys/<int:pk>/remove/",
        guard(passkeys.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path(
        "accounts/2fa/passkeys/<int:pk>/edit/",
        guard(passkeys.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
]
# Names that allauth's code asks for on its way; there is nothing behind them.
ABSENT = [
    path("accounts/signup/", local.absent, name="account_signup"),
    path("accounts/email/", local.absent, name="account_email"),
    path("accounts/password/set/", local.absent, name="account_set_password"),
]
ADMIN = [
    path("directories/", directories.index, name="directories"),
    path("directories/rules/", rules.rules, name="sign_in_rules"),
    path("directories/new/<slug:kind>/", directories.new, name="directory_new"),
    path("directory/<slug:slug>/", directories.edit, name="directory"),
    path("directory/<slug:slug>/switch/", directories.switch, name="directory_switch"),
    path("directory/<slug:slug>/remove/", directories.remove, name="directory_remove"),
    path("directory/<slug:slug>/test/", testing.test, name="directory_test"),
    path("directory/<slug:slug>/preview/", testing.preview, name="directory_preview"),
]
PERSON, GROUP = "people/<int:user_id>", "groups/<int:group_id>"
PEOPLE = [
    path("sessions/", sessions.session_list, name="sessions"),
    path("sessions/others/end/", sessions.sessions_end_others, name="sessions_end_others"),
    path("sessions/<int:session_id>/end/", sessions.session_end, name="session_end"),
    path("people/", people.people_list, name="people"),
    path("people/new/", making.person_new, name="person_new"),
    path(f"{PERSON}/", people.person_page, name="person"),
    path(f"{PERSON}/role/", people.person_role, name="person_role"),
    path(f"{PERSON}/disable/", people.person_disable, name="person_disable"),
    path(f"{PERSON}/enable/", people.person_enable, name="person_enable"),
    path(f"{PERSON}/sign-out/", people.person_sign_out, name="person_sign_out"),
    path(f"{PERSON}/edit/", making.person_edit, name="person_edit"),
    path(f"{PERSON}/password/", making.person_password, name="person_password"),
    path(f"{PERSON}/remove/", making.person_remove, name="person_remove"),
    path("groups/", groups.group_list, name="groups"),
    path("groups/new/", making.group_new, name="group_new"),
    path(f"{GROUP}/rename/", making.group_rename, name="group_rename"),
    path(f"{GROUP}/remove/", making.group_remove, name="group_remove"),
    path(f"{GROUP}/", groups.group_page, name="group"),
    path(f"{GROUP}/role/", groups.group_role, name="group_role"),
    path(f"{GROUP}/member/", groups.group_member, name="group_member"),
    path("emergency-access/", glass.glass_page, name="glass"),
    path("emergency-access/open/", glass.glass_open, name="glass_open"),
    path("emergency-access/<int:glass_id>/end/", glass.glass_close, name="glass_close"),
]
DEVICE = [
    path("api/v1/device", device.device_begin, name="device_begin"),
    path("api/v1/device/token", device.device_token, name="device_token"),
    path("device/", device.device_page, name="device"),
    path("device/decide/", device.device_decide, name="device_decide"),
]
WELL_KNOWN = ".well-known/oauth"
OAUTH = [
    # Programs derive both addresses of the resource from that of MCP (RFC 9728, section 3.1).
    path(f"{WELL_KNOWN}-protected-resource", oauth.resource, name="oauth_resource_root"),
    path(f"{WELL_KNOWN}-protected-resource/mcp", oauth.resource, name="oauth_resource"),
    path(f"{WELL_KNOWN}-authorization-server", oauth.about, name="oauth_server"),
    path("api/v1/oauth/register", oauth.register, name="oauth_register"),
    path("api/v1/oauth/token", oauth.token, name="oauth_token"),
    path("api/v1/oauth/revoke", oauth.revoke, name="oauth_revoke"),
    path("oauth/authorize/", oauth.authorize, name="oauth_authorize"),
]
urlpatterns = [*SIGN_IN, *OWN_ACCOUNT, *ABSENT, *ADMIN, *PEOPLE, *DEVICE, *OAUTH, *provisioning]
