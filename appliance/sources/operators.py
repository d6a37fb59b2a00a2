"""People, sources and credentials by name, for the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management import CommandError

from appliance.accounts.models import User
from appliance.sources.access import known_sources, names_in, operator_scope, scope_of
from appliance.sources.asof import as_of
from indexer.fetching.values import Credential, SshKey
from indexer.models import SharedCredential, Source
from indexer.scope import Scope


def source_named(name: str) -> Source:
    source = Source.objects.filter(name=name).first()
    if source is None:
        known = ", ".join(Source.objects.values_list("name", flat=True)) or "none is connected"
        raise CommandError(f"There is no source called {name!r} ({known}).")
    return source


def known_source_named(name: str, username: str | None) -> Source:
    """Return the source if that person knows of it; without a person, if there is one."""
    if username is None:
        return source_named(name)
    source = known_sources(user_named(username)).filter(name=name).first()
    if source is None:
        raise CommandError(f"There is no source called {name!r}.")
    return source


def shared_credential_named(name: str | None) -> SharedCredential | None:
    """Return the shared credential, None when no name is given."""
    if not name:
        return None
    shared = SharedCredential.objects.filter(name=name).first()
    if shared is None:
        names = SharedCredential.objects.values_list("name", flat=True)
        known = ", ".join(names) or "none is stored"
        raise CommandError(f"There is no credential called {name!r} ({known}).")
    return shared


def read_credential(username: str, secret_file: str | None) -> Credential | SshKey | None:
    """Read the secret from a file or from standard input: never from the command line."""
    if secret_file is None:
        return None
    try:
        text = sys.stdin.read() if secret_file in {"-"} else Path(secret_file).read_text("utf-8")
    except OSError as exc:
        raise CommandError(f"{secret_file}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise CommandError(f"{secret_file}: not a text file.") from exc
    if "PRIVATE KEY-----" in text:
        return SshKey(text)
    return Credential(username or "git", text.strip())


def user_named(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is nobody called {username!r}.")
    return user


def scope_for(username: str | None) -> Scope:
    """Return what that person may read; without a name the operator's scope, which is all."""
    return scope_of(user_named(username)) if username else operator_scope()


def check_sources(names: list[str], scope: Scope) -> None:
    """Refuse source names that the scope does not hold, in the same words as unknown ones."""
    readable = set(names_in(scope))
    if missing := [name for name in names if name not in readable]:
        raise CommandError(f"There is no source called {missing[0]!r}.")


def check_ref_name(ref: str, names: list[str], scope: Scope) -> None:
    """Refuse a ref that none of the sources has, with a suggestion."""
    if (narrowing := as_of(scope, names, ref)).is_unknown:
        raise CommandError(narrowing.sentence)
