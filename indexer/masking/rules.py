"""The rules: detect-secrets' plugins, and formats of keys that their issuers document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.keyword import KeywordDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    pattern: re.Pattern[str]
    entropy: float = 3.0


@dataclass(frozen=True, slots=True)
class Keywords:
    marker: re.Pattern[str]
    detector: Any


# Left out: high entropy alone (hashes, identifiers), public addresses, and rules for single
# products without a mark of their own.
PLUGINS: tuple[tuple[str, Any], ...] = (
    ("artifactory-key", ArtifactoryDetector()),
    ("aws-key", AWSKeyDetector()),
    ("azure-storage-key", AzureStorageKeyDetector()),
    ("password-in-address", BasicAuthDetector()),
    ("cloudant-key", CloudantDetector()),
    ("discord-token", DiscordBotTokenDetector()),
    ("gitlab-token", GitLabTokenDetector()),
    ("mailchimp-key", MailchimpDetector()),
    ("openai-key", OpenAIDetector()),
    ("pypi-token", PypiTokenDetector()),
    ("sendgrid-key", SendGridDetector()),
    ("slack-token", SlackDetector()),
    ("square-secret", SquareOAuthDetector()),
    ("stripe-key", StripeDetector()),
    ("telegram-token", TelegramBotTokenDetector()),
    ("twilio-key", TwilioKeyDetector()),
)
KEYWORDS = Keywords(
    re.compile(r"(?i)key|pass|pwd|secret"),
    KeywordDetector(),
)

# What detect-secrets 1.5 does not know yet; each is documented by its issuer.
OWN_RULES = tuple(
    Rule(name, re.compile(pattern), entropy)
    for name, pattern, entropy in (
        # detect-secrets' own rules of these two yield a part, so that the rest would stay.
        ("jwt", r"\beyJ[\w-]{8,4000}\.[\w-]{8,8000}(?:\.[\w-]{0,2000})?", 3.0),
        ("github-token", r"\bgh[opusr]_[A-Za-z0-9_]{36,255}\b", 3.5),
        ("github-token", r"\bgithub_pat_[A-Za-z0-9_]{60,90}\b", 3.5),
        ("google-api-key", r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", 3.5),
        ("google-oauth-secret", r"\bGOCSPX-[0-9A-Za-z_-]{28}(?![0-9A-Za-z_-])", 3.0),
        ("npm-token", r"\bnpm_[A-Za-z0-9]{36}\b", 3.5),
        ("azure-secret", r"(?<![\w~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}", 3.5),
        ("stripe-key", r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,120}\b", 3.0),
        ("slack-token", r"\bxox[abeoprs]-[0-9A-Za-z-]{10,250}|\bxapp-\d-[0-9A-Za-z-]{10,250}", 3.0),
        ("anthropic-key", r"\bsk-ant-[A-Za-z0-9_-]{20,200}", 3.5),
        ("openai-key", r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,250}", 3.5),
        ("hugging-face-token", r"\bhf_[A-Za-z0-9]{30,40}\b", 3.5),
        ("digitalocean-token", r"\bdo[opr]_v1_[a-f0-9]{64}\b", 3.0),
        ("vault-token", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,200}", 3.5),
        ("shopify-token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b", 3.0),
        ("gitlab-token", r"\bgl(?:pat|ptt|dt|rt|cbt|ft|soat)-[A-Za-z0-9_.-]{20,60}", 3.0),
        (
            "bearer-token",
            r"(?i:\b(?:authorization['\"]?\s*[:=]\s*['\"]?)?(?:bearer|token)\s+)"
            r"([A-Za-z0-9._~+/-]{30,600}=*)",
            4.0,
        ),
        (
            "basic-credential",
            r"(?i:\bauthorization['\"]?\s*[:=]\s*['\"]?basic\s+)([A-Za-z0-9+/]{12,300}=*)",
            3.0,
        ),
    )
)
PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----)[^\0]){20,20000}?"
    r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)

# In RE2's language, upper and lower case alike: what a line must hold for any rule to be tried.
MARKERS = (
    r"PRIVATE KEY",
    r"AKC[a-z0-9]{10}",
    r"(?:A3T|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{10}",
    r"aws.{0,20}(?:key|pwd|pw|pass|token)",
    r"AccountKey=",
    r"://[^/\s:@]{1,200}:[^/\s@]{3,200}@",
    r"cloudant|(?:\b|_)cl(?:ou)?_?(?:key|pass|pwd|token)",
    r"[MNO][a-z\d_-]{23,25}\.[a-z\d_-]{6}\.",
    r"gh[opusr]_[a-z0-9]{20}|github_pat_",
    r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-[a-z0-9]|GR1348941",
    r"eyJ[a-z0-9_-]{10}",
    r"[0-9a-z]{32}-us[0-9]",
    r"sk-[a-z0-9_-]{20}",
    r"pypi-Ag",
    r"SG\.[a-z0-9_-]{22}\.",
    r"xox[abeoprs]-|xapp-\d|hooks\.slack\.com/services/",
    r"sq0csp-",
    r"[rs]k_(?:live|test)_",
    r"\d{8,10}:[0-9a-z_-]{35}",
    r"(?:AC|SK)[a-z0-9]{32}",
    r"AIza[0-9a-z_-]{35}|GOCSPX-|npm_[a-z0-9]{36}|\dQ~[a-z0-9_~.-]{31}",
    r"hf_[a-z0-9]{30}|do[opr]_v1_|hv[sbr]\.[a-z0-9_-]{24}|shp(?:at|ca|pa|ss)_",
    r"(?:bearer|token|basic)\s+[a-z0-9._~+/-]{12}",
    r"(?:key|pass|passwd|password|pwd|secret)\w*['\"\])\s]{0,4}(?::=|=>|==|!=|=|:|,)?\s*[@rbuf]?['\"][^'\"\s]{8}",
)
