"""What a SCIM client may ask about this service: its abilities, kinds of resources, attributes."""

from __future__ import annotations

from typing import Any

from appliance.accounts.scim import groups, users

CORE = "urn:ietf:params:scim:schemas:core:2.0"
MAX_RESULTS = 200


def service_provider_config(base: str) -> dict[str, Any]:
    """No ETags, no bulk requests, no sorting: a client is told so and does without."""
    return {
        "schemas": [f"{CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token that an admin made for this directory.",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/ServiceProviderConfig",
        },
    }


def resource_types(base: str) -> list[dict[str, Any]]:
    return [
        {
            "schemas": [f"{CORE}:ResourceType"],
            "id": name,
            "name": name,
            "description": description,
            "endpoint": f"/{name}s",
            "schema": schema,
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, schema, description in (
            ("User", users.SCHEMA, "A person"),
            ("Group", groups.SCHEMA, "A group of people"),
        )
    ]


def schemas(base: str) -> list[dict[str, Any]]:
    """Describe exactly the attributes that are kept."""
    name = [
        _attribute("formatted", changes="readOnly"),
        _attribute("familyName"),
        _attribute("givenName"),
    ]
    emails = [
        _attribute("value"),
        _attribute("type", changes="readOnly"),
        _attribute("primary", kind="boolean", changes="readOnly"),
    ]
    group = [
        _attribute("value", changes="readOnly"),
        _attribute("$ref", kind="reference", changes="readOnly", referenceTypes=["Group"]),
        _attribute("display", changes="readOnly"),
    ]
    member = [
        _attribute("value", changes="immutable"),
        _attribute("$ref", kind="reference", changes="immutable", referenceTypes=["User"]),
        _attribute("type", changes="readOnly"),
        _attribute("display", changes="readOnly"),
    ]
    return [
        _schema(
            base,
            users.SCHEMA,
            "User",
            [
                _attribute("userName", required=True, uniqueness="server"),
                _attribute("externalId", caseExact=True),
                _attribute("displayName"),
                _attribute("name", kind="complex", subAttributes=name),
                _attribute("emails", kind="complex", many=True, subAttributes=emails),
                _attribute("active", kind="boolean"),
                _attribute(
                    "groups", kind="complex", many=True, changes="readOnly", subAttributes=group
                ),
            ],
        ),
        _schema(
            base,
            groups.SCHEMA,
            "Group",
            [
                _attribute("displayName", required=True, uniqueness="server"),
                _attribute("externalId", caseExact=True),
                _attribute("members", kind="complex", many=True, subAttributes=member),
            ],
        ),
    ]


def _schema(base: str, urn: str, name: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [f"{CORE}:Schema"],
        "id": urn,
        "name": name,
        "description": name,
        "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{urn}"},
    }


def _attribute(
    name: str,
    *,
    kind: str = "string",
    many: bool = False,
    changes: str = "readWrite",
    **more: object,
) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": many,
        "description": name,
        "required": False,
        "caseExact": False,
        "mutability": changes,
        "returned": "default",
        "uniqueness": "none",
        **more,
    }
