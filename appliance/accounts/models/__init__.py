"""The people who sign in, their roles, and the directories that they come from."""

from __future__ import annotations

from appliance.accounts.models.directory import Belonging, Directory, GroupMapping, Identity
from appliance.accounts.models.role import Role, RoleGrant
from appliance.accounts.models.scim import ScimGroup, ScimToken
from appliance.accounts.models.signing_in import SeenAssertion, SignInRules
from appliance.accounts.models.user import User

__all__ = [
    "Belonging",
    "Directory",
    "GroupMapping",
    "Identity",
    "Role",
    "RoleGrant",
    "ScimGroup",
    "ScimToken",
    "SeenAssertion",
    "SignInRules",
    "User",
]
