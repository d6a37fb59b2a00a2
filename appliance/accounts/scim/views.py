"""The addresses below /scim/v2/SLUG/."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appliance.accounts.models import Identity, ScimGroup
from appliance.accounts.scim import about, groups, querying, users
from appliance.accounts.scim.endpoint import Answer, Call, endpoint
from appliance.accounts.scim.errors import not_found
from appliance.accounts.scim.listing import is_wanted, list_response, query_of, shortened, wrapped


@endpoint("GET")
def service_provider_config(call: Call) -> Answer:
    return Answer(about.service_provider_config(call.base))


@endpoint("GET")
def resource_types(call: Call, name: str = "") -> Answer:
    return _described(about.resource_types(call.base), name, "resource type")


@endpoint("GET")
def schemas(call: Call, name: str = "") -> Answer:
    return _described(about.schemas(call.base), name, "schema")


@endpoint("GET", "POST")
def user_list(call: Call) -> Answer:
    if call.method == "POST":
        return _user(call, users.create_user(call.directory, call.read_body()), 201)
    return _users(call)


@endpoint("POST")
def user_search(call: Call) -> Answer:
    """Find users by a body instead of an address: for filters that no log shall hold."""
    return _users(replace(call, query=query_of(call.read_body())))


@endpoint("GET", "PUT", "PATCH", "DELETE")
def user(call: Call, scim_id: str) -> Answer:
    match call.method:
        case "GET":
            return _user(call, users.get_user(call.directory, scim_id))
        case "PUT":
            return _user(call, users.replace_user(call.directory, scim_id, call.read_body()))
        case "PATCH":
            return _user(call, users.patch_user(call.directory, scim_id, call.read_body()))
    users.delete_user(call.directory, scim_id)
    return Answer(None, 204)


@endpoint("GET", "POST")
def group_list(call: Call) -> Answer:
    if call.method == "POST":
        return _group(call, groups.create_group(call.directory, call.read_body()), 201)
    return _groups(call)


@endpoint("POST")
def group_search(call: Call) -> Answer:
    return _groups(replace(call, query=query_of(call.read_body())))


@endpoint("GET", "PUT", "PATCH", "DELETE")
def group(call: Call, scim_id: str) -> Answer:
    match call.method:
        case "GET":
            return _group(call, groups.get_group(call.directory, scim_id))
        case "PUT":
            return _group(call, groups.replace_group(call.directory, scim_id, call.read_body()))
        case "PATCH":  # without the members, who may be many: Entra ID and Okta advise so
            groups.patch_group(call.directory, scim_id, call.read_body())
            return Answer(None, 204)
    groups.delete_group(call.directory, scim_id)
    return Answer(None, 204)


@endpoint("GET", "POST", "PUT", "PATCH", "DELETE")
def nothing(call: Call, rest: str) -> Answer:
    """Whatever else is asked for, such as /Me or /Bulk: not here, said in SCIM's form."""
    raise not_found("resource", rest)


def _users(call: Call) -> Answer:
    found = users.users_of(call.directory).select_related("user").prefetch_related("scim_groups")
    return Answer(
        list_response(
            found, querying.USERS, call.query, lambda one: users.user_to_json(one, call.base)
        )
    )


def _groups(call: Call) -> Answer:
    return Answer(
        list_response(
            call.directory.scim_groups.all(),
            querying.GROUPS,
            call.query,
            lambda one: _group_to_json(call, one),
        )
    )


def _user(call: Call, identity: Identity, status: int = 200) -> Answer:
    return Answer(shortened(users.user_to_json(identity, call.base), call.query), status)


def _group(call: Call, found: ScimGroup, status: int = 200) -> Answer:
    return Answer(shortened(_group_to_json(call, found), call.query), status)


def _group_to_json(call: Call, found: ScimGroup) -> dict[str, Any]:
    with_members = is_wanted("members", call.query)
    return groups.group_to_json(found, call.base, with_members=with_members)


def _described(many: list[dict[str, Any]], name: str, kind: str) -> Answer:
    if not name:
        return Answer(wrapped(many, total=len(many)))
    for one in many:
        if one["id"].lower() == name.lower():
            return Answer(one)
    raise not_found(kind, name)
