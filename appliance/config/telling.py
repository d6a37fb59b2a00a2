"""Settings of what leaves the product: mails and webhooks. Both are off unless they are set."""

from __future__ import annotations

from appliance.config.env import (
    SettingError,
    env_choice,
    env_file,
    env_int,
    env_list,
    env_networks,
    env_secret,
    env_str,
)

__all__ = [
    "ADDRESS", "DEFAULT_FROM_EMAIL", "EMAIL_HOST", "EMAIL_HOST_PASSWORD", "EMAIL_HOST_USER",
    "EMAIL_PORT", "EMAIL_TIMEOUT", "EMAIL_USE_SSL", "EMAIL_USE_TLS", "WEBHOOK_CA_FILE",
    "WEBHOOK_HOSTS", "WEBHOOK_NETWORKS",
]  # fmt: skip

# Where people open the product: for links in mails and webhooks.
ADDRESS = env_str("PLUMBLINE_ADDRESS", default="").rstrip("/")

EMAIL_HOST = env_str("PLUMBLINE_MAIL_HOST", default="")  # empty: no mail
EMAIL_PORT = env_int("PLUMBLINE_MAIL_PORT", default=25, minimum=1)
EMAIL_HOST_USER = env_str("PLUMBLINE_MAIL_USER", default="")
EMAIL_HOST_PASSWORD = env_secret("PLUMBLINE_MAIL_PASSWORD", default="")
MAIL_SECURITY = env_choice(
    "PLUMBLINE_MAIL_SECURITY", choices={"none", "starttls", "tls"}, default="starttls"
)
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SECURITY == "starttls", MAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env_str("PLUMBLINE_MAIL_FROM", default="plumbline@localhost")

# Hosts to which people may have their alerts posted, such as chat.example.com; empty: none.
WEBHOOK_HOSTS = env_list("PLUMBLINE_WEBHOOK_HOSTS")
WEBHOOK_NETWORKS = env_networks("PLUMBLINE_WEBHOOK_NETWORKS")  # loopback only when listed here
WEBHOOK_CA_FILE = env_file("PLUMBLINE_WEBHOOK_CA_FILE")

if ADDRESS and not ADDRESS.startswith(("https://", "http://")):
    raise SettingError(f"PLUMBLINE_ADDRESS={ADDRESS!r}: write https://plumbline.example.com")
