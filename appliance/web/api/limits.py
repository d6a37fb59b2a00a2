"""How many requests one token makes in a minute: counted in the database, told in headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers, and beside them those that OpenAI's
clients read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpResponseBase
from django.utils import timezone

from appliance.accounts.models import ApiToken

WINDOW_S = 60
COUNT = """
INSERT INTO web_requestcount AS counted (token_id, minute, count) VALUES (%s, %s, 1)
    ON CONFLICT (token_id) DO UPDATE
   SET count = CASE WHEN counted.minute = EXCLUDED.minute THEN counted.count + 1 ELSE 1 END,
       minute = EXCLUDED.minute
RETURNING count
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a token stands within this minute."""

    most: int
    left: int
    seconds: int  # until it begins anew
    is_over: bool

    def tell(self, response: HttpResponseBase) -> None:
        response["RateLimit-Policy"] = f'"requests";q={self.most};w={WINDOW_S}'
        response["RateLimit"] = f'"requests";r={self.left};t={self.seconds}'
        response["X-RateLimit-Limit-Requests"] = str(self.most)
        response["X-RateLimit-Remaining-Requests"] = str(self.left)
        response["X-RateLimit-Reset-Requests"] = f"{self.seconds}s"


def count_request(token: ApiToken) -> Standing | None:
    """Count one more request of this token; None where the operator has set no limit."""
    most = int(settings.API_REQUESTS_PER_MINUTE)
    if not most:
        return None
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [token.pk, minute])
        [count] = cursor.fetchone()
    until = minute + timedelta(seconds=WINDOW_S) - now
    seconds = max(1, round(until.total_seconds()))
    return Standing(most, max(0, most - count), seconds, is_over=count > most)
