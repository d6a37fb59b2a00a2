"""What the cookies of a session are called, and where browsers send them."""

from __future__ import annotations

from appliance.config.env import env_bool

__all__ = [
    "CSRF_COOKIE_NAME", "CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_SECURE", "SECURE_TLS",
    "SESSION_COOKIE_AGE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_SECURE",
]  # fmt: skip

SECURE_TLS = env_bool("PLUMBLINE_TLS", default=False)  # true behind the TLS proxy
# A cookie of that prefix no other host can set for this one, not even a sub-domain.
_PREFIX = "__Host-" if SECURE_TLS else ""
SESSION_COOKIE_NAME = f"{_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_PREFIX}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TLS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
