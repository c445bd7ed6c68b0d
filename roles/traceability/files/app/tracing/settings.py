"""Django settings. What differs between communes stands in ``settings.json``, secrets in ``secrets.json`` beside it.

``settings.json``: host, commune, contact, database {name, host, user, sslmode}; ``secrets.json``: secret_key,
database_password. A database on the same host is reached over its socket with peer credentials: no password exists.
The reverse proxy is the only client of the application's socket, so its headers are believed.
"""

import json
import os
from pathlib import Path
from typing import Any

_FOLDER = Path(os.environ.get("TRACEABILITY_FOLDER", "/etc/traceability"))
_SETTINGS: dict[str, Any] = json.loads((_FOLDER / "settings.json").read_text(encoding="utf-8"))
_SECRETS: dict[str, str] = json.loads((_FOLDER / "secrets.json").read_text(encoding="utf-8"))

SECRET_KEY = _SECRETS["secret_key"]
DEBUG = False
HOST: str = _SETTINGS["host"]
ALLOWED_HOSTS = [HOST, "localhost"]  # localhost: the health check on the socket
BASE_ADDRESS = f"https://{HOST}"  # what QR codes carry; never derived from a request
COMMUNE: str = _SETTINGS["commune"]
CONTACT: str = _SETTINGS["contact"] or f"Ủy ban nhân dân {COMMUNE}"

ROOT_URLCONF = "tracing.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tracing.apps.TracingConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tracing.headers.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tracing.headers.site_context",
            ],
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _SETTINGS["database"]["name"],
        "HOST": _SETTINGS["database"]["host"],
        "USER": _SETTINGS["database"]["user"],
        "PASSWORD": _SECRETS["database_password"],
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"sslmode": _SETTINGS["database"]["sslmode"]},
    }
}

LANGUAGE_CODE = "vi"
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_I18N = True
USE_TZ = True

# Session: 15 minutes without a request ends it (TCVN 14423:2026, x.5.2.2a, suggested value).
SESSION_COOKIE_AGE = 15 * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "tracing.public.stale_form"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "staff"
LOGOUT_REDIRECT_URL = "home"
AUTHENTICATION_BACKENDS = ["tracing.lockout.LockingBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 14}},
]
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024**2
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # nothing is written to disk

# The unit's standard error is the journal; a command run by hand writes there by the system's log socket.
_JOURNAL = Path("/dev/log")
_HANDLER: dict[str, str] = (
    {"class": "logging.StreamHandler"}
    if "JOURNAL_STREAM" in os.environ or not _JOURNAL.exists()
    else {"class": "logging.handlers.SysLogHandler", "address": str(_JOURNAL)}
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"journal": {"format": "traceability: %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"journal": {**_HANDLER, "formatter": "journal"}},
    "root": {"handlers": ["journal"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["journal"], "level": "WARNING", "propagate": False},
        "tracing": {"handlers": ["journal"], "level": "INFO", "propagate": False},
    },
}
