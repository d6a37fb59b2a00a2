"""From a filter to a query: only attributes and comparisons that are listed here reach the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import reduce
from operator import and_, or_

from django.db.models import Q

from appliance.accounts.scim.errors import ScimError
from appliance.accounts.scim.filters import Both, Comparison, Filter, Not, Value

MAX_ID_DIGITS = 18
Test = Callable[[str, Value], Q]
NEVER = Q(pk__in=[])


def text(field: str, *, is_exact: bool = False) -> Test:
    """Compare a text, by default without regard to case."""
    lookups = {
        "eq": "exact" if is_exact else "iexact",
        "co": "icontains",
        "sw": "istartswith",
        "ew": "iendswith",
    }

    def test(operator: str, value: Value) -> Q:
        if operator == "pr":
            return ~Q(**{field: ""}) & Q(**{f"{field}__isnull": False})
        if operator == "ne":
            return ~test("eq", value)
        if value is None:
            return Q(**{field: ""})
        # No name that is kept holds what cannot be printed, and some of it cannot be looked for.
        if operator not in lookups or not isinstance(value, str) or not value.isprintable():
            raise _unsupported(operator)
        return Q(**{f"{field}__{lookups[operator]}": value})

    return test


def identifier(field: str) -> Test:
    """Compare an id: what is no number is nobody's."""

    def test(operator: str, value: Value) -> Q:
        if operator == "pr":
            return Q(**{f"{field}__isnull": False})
        if operator == "ne":
            return ~test("eq", value)
        if operator != "eq":
            raise _unsupported(operator)
        number = to_id(value if isinstance(value, str) else "")
        return NEVER if number is None else Q(**{field: number})

    return test


def truth(field: str) -> Test:
    def test(operator: str, value: Value) -> Q:
        if operator == "pr":
            return Q()
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            value = value.lower() == "true"  # Entra ID puts it into quotes
        if operator not in {"eq", "ne"} or not isinstance(value, bool):
            raise _unsupported(operator)
        return Q(**{field: value == (operator == "eq")})

    return test


def moment(field: str) -> Test:
    lookups = {"eq": "exact", "gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}

    def test(operator: str, value: Value) -> Q:
        if operator == "pr":
            return Q()
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            raise _unsupported(operator) from None
        if operator not in lookups or at.tzinfo is None:
            raise _unsupported(operator)
        return Q(**{f"{field}__{lookups[operator]}": at})

    return test


USERS: Mapping[str, Test] = {
    "id": identifier("pk"),
    "username": text("user_name"),
    "externalid": text("external_id", is_exact=True),
    "displayname": text("provisioned__displayName"),
    "name.givenname": text("user__first_name"),
    "name.familyname": text("user__last_name"),
    "emails": text("user__email"),
    "emails.value": text("user__email"),
    "active": truth("is_active"),
    "groups": identifier("scim_groups__pk"),
    "groups.value": identifier("scim_groups__pk"),
    "meta.created": moment("created_at"),
    "meta.lastmodified": moment("changed_at"),
}
GROUPS: Mapping[str, Test] = {
    "id": identifier("pk"),
    "displayname": text("name"),
    "externalid": text("external_id", is_exact=True),
    "members": identifier("members__pk"),
    "members.value": identifier("members__pk"),
    "meta.created": moment("created_at"),
    "meta.lastmodified": moment("changed_at"),
}


def to_query(found: Filter, tests: Mapping[str, Test]) -> Q:
    """Raises ScimError (invalidFilter) for an attribute that is not listed."""
    match found:
        case Not(term):
            return ~to_query(term, tests)
        case Both(terms, is_all):
            return reduce(and_ if is_all else or_, (to_query(term, tests) for term in terms))
        case Comparison(attribute, operator, value):
            if attribute == "emails.type":  # every address here is the one for work
                return Q()
            if attribute not in tests:
                raise ScimError(
                    400, f"Nothing can be found by {attribute[:50]!r} here.", "invalidFilter"
                )
            return tests[attribute](operator, value)


def to_id(text: str) -> int | None:
    """Return the number of an id, None for what can be none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS
    return int(text) if is_number else None


def _unsupported(operator: str) -> ScimError:
    detail = f"This attribute cannot be compared by {operator!r} with this value."
    return ScimError(400, detail, "invalidFilter")
