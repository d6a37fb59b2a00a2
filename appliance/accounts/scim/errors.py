"""What a SCIM client is told when a request cannot be done (RFC 7644, 3.12)."""

from __future__ import annotations


class ScimError(Exception):
    """A request that is refused: its status, a sentence, and SCIM's word for the kind of fault."""

    def __init__(self, status: int, detail: str, scim_type: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.scim_type = status, detail, scim_type

    def to_json(self) -> dict[str, object]:
        body: dict[str, object] = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": str(self.status),
            "detail": self.detail,
        }
        return body | {"scimType": self.scim_type} if self.scim_type else body


def invalid_value(detail: str) -> ScimError:
    return ScimError(400, detail, "invalidValue")


def invalid_syntax(detail: str) -> ScimError:
    return ScimError(400, detail, "invalidSyntax")


def not_found(kind: str, scim_id: str) -> ScimError:
    return ScimError(404, f"There is no {kind} {scim_id[:50]}.")


def not_unique(detail: str) -> ScimError:
    return ScimError(409, detail, "uniqueness")
