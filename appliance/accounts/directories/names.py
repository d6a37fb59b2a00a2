"""Names of people that are not taken, and forms of names that are the same to a reader."""

from __future__ import annotations

import re
import unicodedata

from appliance.accounts.models import User

LONGEST = 140  # leaves room for a number behind it


def same_name(name: str) -> str:
    """Return one form for all names that differ in case, accents or width only."""
    plain = unicodedata.normalize("NFKD", name.strip())
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return unicodedata.normalize("NFKC", bare).casefold()


def free_name(wanted: str) -> str:
    """Return a name that nobody has, in no spelling: the wanted one, or with a number behind it."""
    base = re.sub(r"[^\w.@+-]+", "-", unicodedata.normalize("NFKC", wanted)).strip("-")[:LONGEST]
    base = base or "person"
    # All of them: what differs in accents or width only is no filter in SQL, and this happens once
    # in the life of a person.
    names = User.objects.values_list("username", flat=True)
    taken = {same_name(name) for name in names.iterator()}
    name, number = base, 1
    while same_name(name) in taken:
        number += 1
        name = f"{base}-{number}"
    return name
