"""All settings of the product, read once from the environment (docs/settings.md lists them)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from appliance.config.env import (
    SettingError,
    env_bool,
    env_choice,
    env_file,
    env_has,
    env_int,
    env_list,
    env_networks,
    env_path,
    env_secret,
    env_str,
    env_text,
    env_texts,
    load_env_file,
)
from appliance.config.metering import use_folder
from appliance.config.schedule import ROUTES, beat_schedule
from appliance.config.sharing import shared

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# Where everything lives that is not in PostgreSQL: mirrors, keys, logs.
PLUMBLINE_HOME = env_path("PLUMBLINE_HOME", default=BASE_DIR / ".plumbline")
load_env_file(PLUMBLINE_HOME / "settings.env")
from appliance.config.upkeep import *  # noqa: E402, F403  after that file

MIRRORS_DIR = PLUMBLINE_HOME / "mirrors"
UPLOADS_DIR = PLUMBLINE_HOME / "uploads"
METRICS_DIR = PLUMBLINE_HOME / "metrics"  # where the processes of this host count
use_folder(METRICS_DIR)
PLUMBLINE_CACHE = env_path(
    "PLUMBLINE_CACHE",
    default=Path(env_str("XDG_CACHE_HOME", default="~/.cache")).expanduser() / "plumbline",
)

DEBUG = env_bool("PLUMBLINE_DEBUG", default=False)
SECRET_KEY = env_secret("PLUMBLINE_SECRET_KEY")
ALLOWED_HOSTS = env_list("PLUMBLINE_HOSTS", default="localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("PLUMBLINE_ORIGINS")

# --- Database -------------------------------------------------------------------------------


def database_from_url(url: str) -> dict[str, object]:
    """Turn postgresql://user:password@host:port/name into Django's form.

    The host may be a socket folder, as in postgresql://postgres@/plumbline?host=/run/postgresql.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:  # without the address: it may hold a password
        raise SettingError(f"PLUMBLINE_DATABASE_URL is not an address: {exc}") from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise SettingError("PLUMBLINE_DATABASE_URL: must start with postgresql://")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "plumbline",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "plumbline"}  # of several hosts: the one that takes writes
        | {name: value for name, value in query.items() if name == "target_session_attrs"},
    }


# Which programs these are: the web and what answers read as a role that owns nothing; the owner
# migrates, syncs and runs the commands.
DATABASE_ROLE = env_choice(
    "PLUMBLINE_DATABASE_ROLE", choices={"owner", "web", "ask"}, default="owner"
)
RUNTIME = database_from_url(env_secret("PLUMBLINE_DATABASE_URL"))
OWNER = (
    database_from_url(env_secret("PLUMBLINE_DATABASE_OWNER_URL"))
    if env_has("PLUMBLINE_DATABASE_OWNER_URL")
    else RUNTIME
)
# Empty: one role does everything, and there is no second wall.
DATABASE_RUNTIME_ROLE = str(RUNTIME["USER"]) if OWNER["USER"] != RUNTIME["USER"] else ""
if not DATABASE_RUNTIME_ROLE:
    DATABASE_ROLE = "owner"
DATABASES = {"default": shared(OWNER if DATABASE_ROLE == "owner" else RUNTIME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Applications ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "appliance.accounts",
    "appliance.audit",
    "appliance.sources",
    "appliance.conversations",
    "appliance.web",
    "indexer",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.usersessions",
    "django_htmx",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "appliance.web.measuring.MeasuredRequests",
    "appliance.web.api.errors.ApiErrors",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "appliance.web.caching.PrivateMiddleware",
    "appliance.web.errors.RefusalPages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "appliance.web.auditing.middleware.AuditMiddleware",
    "appliance.accounts.bearer.BearerMiddleware",
    "appliance.web.crowding.OneShare",
    "appliance.accounts.sessions.SeenMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "appliance.accounts.second_factor.SecondFactorMiddleware",
    "appliance.sources.walling.WallMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "appliance.config.urls"
ASGI_APPLICATION = "appliance.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "appliance.accounts.context.roles",
                "appliance.accounts.context.glass",
                "appliance.conversations.living.views.changed_count",
                "appliance.sources.saved.views.unread_count",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
TIME_ZONE = env_str("PLUMBLINE_TIME_ZONE", default="UTC")
USE_TZ = True

# --- Static files: everything is served from here, nothing from elsewhere ----------------------

STATIC_URL = "/static/"
STATIC_ROOT = PLUMBLINE_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Sign-in --------------------------------------------------------------------------------

from appliance.config.cookies import *  # noqa: E402, F403  after the file of settings
from appliance.config.cookies import SECURE_TLS  # noqa: E402

# Wrong passwords before an address must wait a minute, and a name five.
LOGIN_LIMIT_PER_ADDRESS = env_int("PLUMBLINE_LOGIN_LIMIT_PER_ADDRESS", default=10, minimum=1)
LOGIN_LIMIT_PER_NAME = env_int("PLUMBLINE_LOGIN_LIMIT_PER_NAME", default=5, minimum=1)
# Certificates of the company's own authority, for identity providers inside the company.
DIRECTORY_CA_FILE = Path(ca) if (ca := env_str("PLUMBLINE_DIRECTORY_CA_FILE", default="")) else None
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",  # local accounts, first
    "appliance.accounts.ldap.backend.LdapBackend",
]
# Seconds between looks at each LDAP directory.
DIRECTORY_SYNC_S = env_int("PLUMBLINE_DIRECTORY_SYNC_S", default=60, minimum=10)
ACCOUNT_ADAPTER = "appliance.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "appliance.accounts.directories.adapter.DirectoryAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # nobody is ever linked by an e-mail address
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
MFA_ADAPTER = "appliance.accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Plumbline"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE_TLS  # browsers allow it on this machine only
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {
    "login_failed": f"{LOGIN_LIMIT_PER_ADDRESS}/m/ip,{LOGIN_LIMIT_PER_NAME}/5m/key",
}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
from appliance.config.access import *  # noqa: E402, F403  they read the file of settings too
from appliance.config.telling import *  # noqa: E402, F403

# --- What a browser may do -------------------------------------------------------------------

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_TLS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- Queue ----------------------------------------------------------------------------------

CELERY_BROKER_URL = env_secret("PLUMBLINE_BROKER_URL", default="redis://localhost:6379/0")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_ROUTES = ROUTES
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Long enough for the longest sync: a shorter one would deliver a running job again.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 3600,
    # A broker that takes the connection and never answers must not hold up who publishes.
    "socket_connect_timeout": 3.0,
    "socket_timeout": 4.0,
    "max_retries": 1,
    "interval_start": 0.1,
}
CELERY_TASK_PUBLISH_RETRY = False  # the job's row is sent again by dispatch_jobs
CELERY_BEAT_SCHEDULE = beat_schedule(DIRECTORY_SYNC_S)
CELERY_BEAT_SCHEDULE_FILENAME = str(PLUMBLINE_HOME / "celerybeat-schedule")

# --- Sources --------------------------------------------------------------------------------

DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a preview of many sources has a field for each
GIT_ALLOW_HTTP = env_bool("PLUMBLINE_GIT_ALLOW_HTTP", default=False)
GIT_ALLOWED_HOSTS = env_list("PLUMBLINE_GIT_HOSTS")  # empty: any but loopback and link-local
GIT_ALLOWED_NETWORKS = env_networks("PLUMBLINE_GIT_NETWORKS")  # loopback only when listed here
GIT_ALLOWED_FOLDERS = [Path(folder).expanduser() for folder in env_list("PLUMBLINE_GIT_FOLDERS")]
GIT_CA_FILE = Path(ca) if (ca := env_str("PLUMBLINE_GIT_CA_FILE", default="")) else None
GIT_TIME_LIMIT_S = env_int("PLUMBLINE_GIT_TIME_LIMIT_S", default=1800, minimum=1)
GIT_SIZE_LIMIT_MB = env_int("PLUMBLINE_GIT_SIZE_LIMIT_MB", default=5000, minimum=1)
MAX_REFS = env_int("PLUMBLINE_MAX_REFS", default=50, minimum=1)
FILE_SIZE_LIMIT_KB = env_int("PLUMBLINE_FILE_SIZE_LIMIT_KB", default=1024, minimum=1)
UPLOAD_LIMIT_MB = env_int("PLUMBLINE_UPLOAD_LIMIT_MB", default=500, minimum=1)
# Seconds between looks at a remote origin, beside its notices of pushes; 0: never.
POLL_S = env_int("PLUMBLINE_POLL_S", default=300, minimum=0)
READERS = env_int("PLUMBLINE_READERS", default=0)  # processes that read files; 0: one per core

# --- Models ---------------------------------------------------------------------------------

# none: search works, answers say that no model is configured. Else an OpenAI-compatible server, or
# several of the same model with commas between their addresses.
CHAT_URL = env_str("PLUMBLINE_CHAT_URL", default="none")
CHAT_MODEL = env_str("PLUMBLINE_CHAT_MODEL", default="")  # empty: the first that it serves
CHAT_WINDOW_TOKENS = env_int("PLUMBLINE_CHAT_WINDOW_TOKENS", default=0)  # 0: ask the server
PROMPT_TOKENS = env_int("PLUMBLINE_PROMPT_TOKENS", default=12000, minimum=600)
ANSWER_TOKENS = env_int("PLUMBLINE_ANSWER_TOKENS", default=900, minimum=50)
# opened: a grammar makes each line of an answer begin with a piece of evidence (small models).
ANSWER_STYLE = env_choice("PLUMBLINE_ANSWER_STYLE", choices={"free", "opened"}, default="free")
# Handles that were not offered are not generated (vLLM; other servers are asked without).
FENCED_HANDLES = env_bool("PLUMBLINE_FENCED_HANDLES", default=False)
# Sentences of an answer that the model is asked about once more; 0: none.
DOUBTS = env_int("PLUMBLINE_DOUBTS", default=3, minimum=0)
# For writing an answer again without names that occur nowhere; 0: never.
REPAIR_TIME_LIMIT_S = env_int("PLUMBLINE_REPAIR_TIME_LIMIT_S", default=20, minimum=0)
# Of the mode "pair": searches, readings and look-ups before the answer is written.
PAIR_STEPS = env_int("PLUMBLINE_PAIR_STEPS", default=8, minimum=1)
PAIR_TIME_LIMIT_S = env_int("PLUMBLINE_PAIR_TIME_LIMIT_S", default=120, minimum=1)
# For writing a change again that failed a check; 0: never.
FIX_REPAIR_TIME_LIMIT_S = env_int("PLUMBLINE_FIX_REPAIR_TIME_LIMIT_S", default=45, minimum=0)
ANSWER_TIME_LIMIT_S = env_int("PLUMBLINE_ANSWER_TIME_LIMIT_S", default=300, minimum=5)
# So long a model may write nothing; then its server counts as broken.
CHAT_SILENCE_LIMIT_S = env_int("PLUMBLINE_CHAT_SILENCE_LIMIT_S", default=60, minimum=1)
# Over all workers; one person's are at most half of them.
ANSWERS_AT_ONCE = env_int("PLUMBLINE_ANSWERS_AT_ONCE", default=24, minimum=1)
# Of one person; 0: as many as they like.
QUESTIONS_PER_HOUR = env_int("PLUMBLINE_QUESTIONS_PER_HOUR", default=0)
# As vLLM tells of itself: when every server is beyond one of these, no answer is begun.
CHAT_CACHE_LIMIT_PERCENT = env_int("PLUMBLINE_CHAT_CACHE_LIMIT_PERCENT", default=90, minimum=1)
CHAT_WAITING_LIMIT = env_int("PLUMBLINE_CHAT_WAITING_LIMIT", default=2)
# Whether the chat server is a vLLM with --scheduling-policy priority; others may refuse them.
CHAT_PRIORITIES = env_bool("PLUMBLINE_CHAT_PRIORITIES", default=False)
# none: answers are evaluated without. Else an OpenAI-compatible server with a model that judges.
JUDGE_URL = env_str("PLUMBLINE_JUDGE_URL", default="none")
JUDGE_MODEL = env_str("PLUMBLINE_JUDGE_MODEL", default="")  # empty: the first that it serves
EMBEDDING = env_choice(
    "PLUMBLINE_EMBEDDING", choices={"static", "minilm", "server"}, default="static"
)
EMBEDDING_LEARNS = env_bool("PLUMBLINE_EMBEDDING_LEARNS", default=True)
EMBEDDING_URL = env_str("PLUMBLINE_EMBEDDING_URL", default="")
EMBEDDING_MODEL = env_str("PLUMBLINE_EMBEDDING_MODEL", default="all-MiniLM-L6-v2")
EMBEDDING_QUERY_PREFIX = env_text("PLUMBLINE_EMBEDDING_QUERY_PREFIX")
EMBEDDING_PASSAGE_PREFIX = env_text("PLUMBLINE_EMBEDDING_PASSAGE_PREFIX")
EMBEDDING_DIMENSIONS = env_int("PLUMBLINE_EMBEDDING_DIMENSIONS", default=0)  # 0: the model's own
EMBEDDING_BATCH = env_int("PLUMBLINE_EMBEDDING_BATCH", default=32, minimum=1)  # texts a request
EMBEDDING_CONCURRENCY = env_int("PLUMBLINE_EMBEDDING_CONCURRENCY", default=1, minimum=1)
# From so many vectors of a model on they are indexed; below, comparing each is as fast.
VECTOR_INDEX_FROM = env_int("PLUMBLINE_VECTOR_INDEX_FROM", default=50_000, minimum=1)
VECTOR_INDEX_MEMORY_MB = env_int("PLUMBLINE_VECTOR_INDEX_MEMORY_MB", default=512, minimum=64)
EMBEDDING_THREADS = env_int("PLUMBLINE_EMBEDDING_THREADS", default=0)  # 0: as many as cores
# none: what was found stays in the order that the ranking gave it. Else a server with /rerank.
RERANK_URL = env_str("PLUMBLINE_RERANK_URL", default="none")
RERANK_MODEL = env_str("PLUMBLINE_RERANK_MODEL", default="")
RERANK_TIME_LIMIT_MS = env_int("PLUMBLINE_RERANK_TIME_LIMIT_MS", default=1500, minimum=50)
MODEL_API_KEY = env_secret("PLUMBLINE_MODEL_API_KEY", default="")
MODEL_METRICS_TOKEN = env_secret("PLUMBLINE_MODEL_METRICS_TOKEN", default="")  # empty: the key
MODEL_CA_FILE = env_file("PLUMBLINE_MODEL_CA_FILE")  # that issued the servers' certificates
MODEL_CERT_FILE = env_file("PLUMBLINE_MODEL_CERT_FILE")  # by which the servers know us
MODEL_KEY_FILE = env_file("PLUMBLINE_MODEL_KEY_FILE")

# bubblewrap: patches are tried in a sandbox without a network, where a command is set below.
SANDBOX = env_choice("PLUMBLINE_SANDBOX", choices={"off", "bubblewrap"}, default="off")
SANDBOX_COMMANDS = env_texts("PLUMBLINE_SANDBOX_COMMANDS")  # source -> command
SANDBOX_FOLDERS = [Path(folder).resolve() for folder in env_list("PLUMBLINE_SANDBOX_FOLDERS")]
SANDBOX_TIME_LIMIT_S = env_int("PLUMBLINE_SANDBOX_TIME_LIMIT_S", default=60, minimum=1)
SANDBOX_MEMORY_MB = env_int("PLUMBLINE_SANDBOX_MEMORY_MB", default=1024, minimum=64)
SANDBOX_DISK_MB = env_int("PLUMBLINE_SANDBOX_DISK_MB", default=256, minimum=8)
# How often the model may write a change again because the command fails with it.
SANDBOX_ROUNDS = env_int("PLUMBLINE_SANDBOX_ROUNDS", default=2, minimum=0)

# --- Audit: what is recorded of questions, for how long, and where it is sent beside the database ---

AUDIT_QUESTIONS = env_choice(
    "PLUMBLINE_AUDIT_QUESTIONS", choices={"full", "hashed", "none"}, default="hashed"
)
AUDIT_DAYS = env_int("PLUMBLINE_AUDIT_DAYS", default=0, minimum=0)  # 0: for ever
AUDIT_SYSLOG = env_str("PLUMBLINE_AUDIT_SYSLOG", default="")  # tls://, tcp:// or udp://host:port
AUDIT_SYSLOG_CA_FILE = env_str("PLUMBLINE_AUDIT_SYSLOG_CA_FILE", default="")
AUDIT_FOLDER = env_str("PLUMBLINE_AUDIT_FOLDER", default="")  # of a file a day; empty: none

if AUDIT_SYSLOG and urlsplit(AUDIT_SYSLOG).scheme not in {"tls", "tcp", "udp"}:
    raise SettingError("PLUMBLINE_AUDIT_SYSLOG: write tls://, tcp:// or udp://host:port")
for folder in SANDBOX_FOLDERS:
    if PLUMBLINE_HOME.is_relative_to(folder) or folder.is_relative_to(PLUMBLINE_HOME):
        raise SettingError(f"PLUMBLINE_SANDBOX_FOLDERS: {folder} would show the data folder")
if EMBEDDING == "server" and not EMBEDDING_URL:
    raise SettingError("PLUMBLINE_EMBEDDING=server: set PLUMBLINE_EMBEDDING_URL too")
if RERANK_URL != "none" and not RERANK_MODEL:
    raise SettingError("PLUMBLINE_RERANK_URL: set PLUMBLINE_RERANK_MODEL too")

# --- Metrics: /metrics is for this machine alone, or for whoever has the token ------------------

METRICS_TOKEN = env_secret("PLUMBLINE_METRICS_TOKEN", default="")

# --- Logs: one line per finished step, with ids and counts, never code, questions or secrets ---

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env_str("PLUMBLINE_LOG_LEVEL", default="INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "mcp": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
