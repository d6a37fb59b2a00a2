"""What programs read before they ask: where the resource is, and who gives tokens for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from appliance.accounts.bearer import MCP
from appliance.accounts.models import TokenRight
from appliance.accounts.oauth.server import issuer_of


def of_resource(request: HttpRequest) -> dict[str, Any]:
    """Describe the MCP server as a protected resource (RFC 9728)."""
    issuer = issuer_of(request)
    return {
        "resource": f"{issuer}{MCP}",
        "resource_name": "Plumbline",
        "authorization_servers": [issuer],
        "scopes_supported": list(TokenRight.values),
        "bearer_methods_supported": ["header"],
        "resource_documentation": request.build_absolute_uri(reverse("help")),
    }


def of_server(request: HttpRequest) -> dict[str, Any]:
    """Describe how a program is let in (RFC 8414)."""
    return {
        "issuer": issuer_of(request),
        "authorization_endpoint": request.build_absolute_uri(reverse("oauth_authorize")),
        "token_endpoint": request.build_absolute_uri(reverse("oauth_token")),
        "registration_endpoint": request.build_absolute_uri(reverse("oauth_register")),
        "revocation_endpoint": request.build_absolute_uri(reverse("oauth_revoke")),
        "scopes_supported": list(TokenRight.values),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }
