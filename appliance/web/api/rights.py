"""What a token must be made for, at each address of the API."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from appliance.accounts.bearer import TokenRequest, lacks
from appliance.accounts.models import ApiToken, TokenRight
from appliance.web.api.errors import SENTENCES, Refused
from appliance.web.api.limits import count_request


class Right(HttpBearer):
    """Lets in whose token has one of these rights. Whose it is, BearerMiddleware has found out."""

    openapi_description = "A token that its person made on the page Your tokens."

    def __init__(self, *rights: TokenRight) -> None:
        super().__init__()
        self.rights = rights

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        asking = cast(TokenRequest, request)
        standing = count_request(asking.token)
        asking.standing = standing  # type: ignore[attr-defined]  # ApiErrors tells it
        if standing and standing.is_over:
            wait = {"Retry-After": str(standing.seconds)}
            raise Refused(429, SENTENCES[429], headers=wait, code="rate_limited")
        if not set(self.rights) & set(asking.token.rights) and lacks(asking, self.rights[0]):
            raise Refused(
                403,
                f"This token lacks the right {self.rights[0]}. Make one that has it.",
                code="right_missing",
            )
        return asking.token


READ: Any = Right(TokenRight.READ)
ASK: Any = Right(TokenRight.ASK)
EITHER: Any = Right(TokenRight.READ, TokenRight.ASK)  # who asks may read the answers
