"""Login that locks: five failures from one address, or ten from anywhere, shut an account for a quarter of an hour.

Source: TCVN 14423:2026, x.5.2.2a (suggested: at most 10 tries, 5 for critical applications). A try while
locked is refused without a look at the password and does not lengthen the lock.
"""

from __future__ import annotations

import ipaddress
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from .models import FailedLogin

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

log = logging.getLogger("tracing.login")
WINDOW = timedelta(minutes=15)
LIMIT_ADDRESS, LIMIT_ACCOUNT = 5, 10
KEEP = timedelta(days=90)


def client_address(request: HttpRequest | None) -> str | None:
    """Return the client's address as the reverse proxy saw it, None when there is none."""
    if request is None:
        return None
    address = request.headers.get("X-Real-IP") or request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def is_locked(username: str, address: str | None) -> bool:
    """Tell whether the account takes no login from ``address`` now."""
    recent = FailedLogin.objects.filter(username=username, at__gt=timezone.now() - WINDOW)
    return recent.filter(address=address).count() >= LIMIT_ADDRESS or recent.count() >= LIMIT_ACCOUNT


class LockingBackend(ModelBackend):
    """Django's own accounts, with the lock in front."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> AbstractBaseUser | None:
        """Return the user, None for wrong credentials; raises PermissionDenied while locked."""
        name = (username or "")[:150].lower()
        address = client_address(request)
        if is_locked(name, address):
            log.warning("login refused while locked user=%r address=%s", name, address)
            raise PermissionDenied
        user = super().authenticate(request, username=name, password=password, **kwargs)
        if user is None:
            FailedLogin.objects.create(username=name, address=address)
            FailedLogin.objects.filter(at__lt=timezone.now() - KEEP).delete()
            log.warning("login failed user=%r address=%s", name, address)
        else:
            FailedLogin.objects.filter(username=name, address=address).delete()
            log.info("login user=%r address=%s", name, address)
        return user
