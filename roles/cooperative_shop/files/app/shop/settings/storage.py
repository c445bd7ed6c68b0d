"""Where things are kept: PostgreSQL, pictures, static files, queued mail."""

import os
from pathlib import Path

from shop import config

from .commerce import SHOP

RELEASE = Path(os.environ.get("PYTHON_APP_RELEASE", Path(__file__).resolve().parents[3]))

_TLS = {"sslmode": "verify-full", "sslrootcert": "/etc/commune-tls/root.pem"} if SHOP.database_tls else {}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": SHOP.database_name,
        "USER": SHOP.database_user,
        "PASSWORD": config.load_secrets().database_password,
        "HOST": SHOP.database_host,
        "PORT": SHOP.database_port,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # A confirmation page is answered after its order is on the disk, whatever the server's default is.
        "OPTIONS": {"options": "-c synchronous_commit=on", "connect_timeout": 5, **_TLS},
        "ATOMIC_REQUESTS": True,
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = RELEASE / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(SHOP.state) / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "shop.static_storage.ShopStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o644
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024**2
THUMBNAIL_FORMAT = "WEBP"
THUMBNAIL_PRESERVE_FORMAT = False
THUMBNAIL_QUALITY = 75
OSCAR_MISSING_IMAGE_URL = "no-picture.webp"

# Mail is written to the database with the order that it confirms; a timer hands it on (outbox).
EMAIL_BACKEND = "outbox.backend.OutboxBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = SHOP.email
