"""What an identity provider is to the tests: somebody with a token who sends JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from appliance.accounts.models import Directory, User
from appliance.accounts.scim.tokens import issue

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(slots=True)
class Answer:
    status: int
    body: Any
    content: bytes
    headers: Any


@dataclass(slots=True)
class Provider:
    """An identity provider with a token for one directory."""

    slug: str
    token: str

    def send(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        response = Client().generic(
            method,
            f"/scim/v2/{self.slug}/{path}",
            raw if body is not None else "",
            "application/scim+json",
            query_params=query,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        content = response.content
        return Answer(
            response.status_code,
            json.loads(content) if content else None,
            content,
            response.headers,
        )

    def get(self, path: str, **query: str) -> Answer:
        return self.send("GET", path, **query)

    def patch(self, path: str, *operations: dict[str, Any]) -> Answer:
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def user(self, name: str, **more: Any) -> str:
        answer = self.send("POST", "Users", {"schemas": [USER], "userName": name, **more})
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    def group(self, name: str, *members: str) -> str:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": m} for m in members]}
        answer = self.send("POST", "Groups", body)
        assert answer.status == 201, answer.body
        return str(answer.body["id"])


def make_provider(slug: str = "okta", **settings: Any) -> Provider:
    """Set up a directory that keeps the names of groups, and a token for it."""
    directory = Directory.objects.create(
        name=slug.title(),
        slug=slug,
        kind=Directory.Kind.SCIM,
        is_enabled=True,
        settings={"groups_as_named": True, **settings},
    )
    admin, _ = User.objects.get_or_create(username="the-admin", defaults={"is_staff": True})
    return Provider(slug, issue(directory, "first", days=30, by=admin))


def groups_of(name: str) -> set[str]:
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))
