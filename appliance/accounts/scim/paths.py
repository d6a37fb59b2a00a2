"""Names of attributes as SCIM clients write them: any case, with or without a schema in front."""

from __future__ import annotations

CORE = ("urn:ietf:params:scim:schemas:core:2.0:user", "urn:ietf:params:scim:schemas:core:2.0:group")


def attribute_name(text: str) -> str:
    """Return a name in lower case without the core schema; other schemas stay in front of it."""
    name = text.strip().lower()
    for schema in CORE:
        if name.startswith(f"{schema}:"):
            return name[len(schema) + 1 :]
    return name


def lowered(value: dict[str, object]) -> dict[str, object]:
    """Return an object with the names of its attributes as `attribute_name` gives them."""
    return {attribute_name(str(key)): one for key, one in value.items()}
