"""The normal sign-in form, for people of LDAP directories."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from appliance.accounts.ldap.arriving import arrive
from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.errors import LdapError
from appliance.accounts.ldap.reading import Told
from appliance.accounts.ldap.signing_in import look_up
from appliance.accounts.models import Directory, User

logger = logging.getLogger(__name__)

SECONDS = 3.5  # for all directories together: the page answers within five


class LdapBackend(ModelBackend):
    """Asks the enabled LDAP directories in turn. Stands behind the one for local accounts."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return who signed in, or None: wrong, unknown, shut out, or no directory answers.

        `corp\\ana` asks the directory `corp` alone. The name of a local account is never asked
        for, so that a server never gets the password of one.
        """
        if not username or not password:
            return None
        directories = list(Directory.objects.filter(kind=Directory.Kind.LDAP, is_enabled=True))
        slug, separator, short = username.partition("\\")
        if separator:
            directories = [one for one in directories if one.slug == slug.casefold()]
            username = short
        elif is_local(username):
            return None
        until = time.monotonic() + SECONDS
        for number, directory in enumerate(directories):
            seconds = (until - time.monotonic()) / (len(directories) - number)
            told = _ask(directory, username, password, seconds)
            if told is not None:
                takes_groups = bool(directory.settings.get("groups_base"))
                return arrive(directory, told, takes_groups=takes_groups)
        return None


def is_local(username: str) -> bool:
    """Whether an account of this name was made here, and not by a directory."""
    name = User.normalize_username(username).strip()
    return User.objects.filter(username__iexact=name, identities=None).exists()


def _ask(directory: Directory, username: str, password: str, seconds: float) -> Told | None:
    try:
        return look_up(config_of(directory), username.strip(), password, seconds=seconds)
    except LdapError as exc:
        logger.warning("directory=%s sign-in failed: %s", directory.slug, exc)
        return None
