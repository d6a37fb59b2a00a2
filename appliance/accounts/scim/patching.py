"""The operations of a PATCH in every form that identity providers send them (RFC 7644, 3.5.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appliance.accounts.scim.errors import ScimError, invalid_syntax, invalid_value
from appliance.accounts.scim.fields import UserFields, with_value
from appliance.accounts.scim.filters import PatchPath, parse_path
from appliance.accounts.scim.paths import lowered

MAX_OPERATIONS = 1000
READ_ONLY = {"id", "meta", "groups", "schemas"}


class Op(StrEnum):
    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of one attribute."""

    op: Op
    path: PatchPath
    value: Any = None


def read_operations(body: dict[str, Any]) -> Iterator[Operation]:
    """Give each change; one without a path becomes one for each attribute of its object."""
    operations = lowered(body).get("operations")
    if not isinstance(operations, list) or not operations:
        raise invalid_syntax("Operations must be a list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise ScimError(413, f"At most {MAX_OPERATIONS} operations in one request.", "tooMany")
    for one in operations:
        if not isinstance(one, dict):
            raise invalid_syntax("An operation must be an object.")
        yield from _read(lowered(one))


def _read(one: dict[str, Any]) -> Iterator[Operation]:
    try:
        op = Op(str(one.get("op")).lower())
    except ValueError:
        raise invalid_syntax("op must be add, replace or remove.") from None
    path, value = one.get("path"), one.get("value")
    if path:
        yield Operation(op, _target(path), value)
        return
    if op == Op.REMOVE:
        raise ScimError(400, "What shall be removed? A path is missing.", "noTarget")
    if not isinstance(value, dict):
        raise invalid_value("Without a path, value must be an object.")
    for name, part in lowered(value).items():
        if name not in READ_ONLY:
            yield Operation(op, parse_path(name), part)


def _target(path: Any) -> PatchPath:
    if not isinstance(path, str):
        raise ScimError(400, "path must be a text.", "invalidPath")
    found = parse_path(path)
    if found.attribute in READ_ONLY:
        raise ScimError(400, f"{found.attribute} cannot be changed.", "mutability")
    return found


def patched(fields: UserFields, operations: Iterator[Operation]) -> UserFields:
    """Return a user's fields after the operations; attributes that are not kept change nothing."""
    for operation in operations:
        path, value = operation.path, operation.value
        name = f"{path.attribute}.{path.part}" if path.part else path.attribute
        if operation.op == Op.REMOVE:
            value = None
        elif path.chosen is not None and not path.part:  # emails[type eq "work"] as a whole
            value = [value] if isinstance(value, dict) else value
        fields = with_value(fields, name, value)
    if not fields.user_name:
        raise ScimError(400, "userName cannot be removed.", "mutability")
    return fields
