"""The people who sign in, their roles, tokens, and the directories that they come from."""

from __future__ import annotations

from appliance.accounts.models.counter import Counter
from appliance.accounts.models.device import DeviceSignIn
from appliance.accounts.models.directory import Belonging, Directory, GroupMapping, Identity
from appliance.accounts.models.glass import BrokenGlass
from appliance.accounts.models.oauth import OAuthCode, OAuthGrant, OAuthProgram
from appliance.accounts.models.role import Role, RoleGrant
from appliance.accounts.models.scim import ScimGroup, ScimToken
from appliance.accounts.models.signing_in import SeenAssertion, SignInRules
from appliance.accounts.models.token import ApiToken, TokenRight
from appliance.accounts.models.user import User

__all__ = [
    "ApiToken",
    "Belonging",
    "BrokenGlass",
    "Counter",
    "DeviceSignIn",
    "Directory",
    "GroupMapping",
    "Identity",
    "OAuthCode",
    "OAuthGrant",
    "OAuthProgram",
    "Role",
    "RoleGrant",
    "ScimGroup",
    "ScimToken",
    "SeenAssertion",
    "SignInRules",
    "TokenRight",
    "User",
]
