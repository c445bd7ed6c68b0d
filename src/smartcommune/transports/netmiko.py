"""Netmiko's way to a device's command line: one session, its host key pinned, one command and its answer at a time.

The host key is taken on first contact and demanded ever after. A password or a key is only ever in memory.
"""

from __future__ import annotations

import base64
import logging
import re
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any, Protocol

import paramiko
from netmiko import ConnectHandler
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoBaseException, ReadTimeout
from paramiko.client import MissingHostKeyPolicy

from smartcommune.errors import NotReachedError
from smartcommune.text import Text
from smartcommune.transports import lab_socket
from smartcommune.transports.ssh_probe import HostKeyChangedError, LoginRefusedError, fingerprint, not_reached

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

# what these say is said again by the errors raised here; without a handler it would go to the terminal
for _name in ("paramiko", "netmiko"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

CONNECT_SECONDS = 10.0
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", *_RSA)


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """Whom to reach, and how. ``device_type`` is Netmiko's name of the dialect, ``prompt`` how its answers end.

    ``pin`` is the host key that is demanded (None: take what is shown); ``netns`` the network namespace to come from.
    """

    name: str
    address: str
    port: int
    user: str
    device_type: str
    prompt: str
    pin: str | None = None
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    netns: str | None = None
    source_address: str | None = None


class Session(Protocol):
    """An open command line. ``host_key`` is the one that was shown."""

    host_key: str

    def run(self, command: str, *, expect: str | None = None, seconds: float = 30.0) -> str:
        """Return what the device answers, its prompt included; ``expect`` is another end than the prompt.

        Raises DeviceLostError when the connection is gone or nothing ends within ``seconds``.
        """

    def close(self) -> None:
        """End the session; one that is lost already is fine."""

    def __enter__(self) -> Self:
        """Return the session."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session."""


class Connect(Protocol):
    """What opens a session: :func:`connect`, or a fake."""

    def __call__(self, login: DeviceLogin) -> Session:
        """Return an open session, or raise NotReachedError or HostKeyChangedError."""


class DeviceLostError(NotReachedError):
    """The connection to a device ended, or the device fell silent, in the middle of something."""


class _Pin(MissingHostKeyPolicy):
    """Compares the host key with the pinned one before anything is said; without a pin, remembers what was shown."""

    def __init__(self, login: DeviceLogin) -> None:
        self._login = login
        self.shown = ""

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Take or compare the key."""
        self.shown = f"{key.get_name()} {base64.b64encode(key.asbytes()).decode()}"
        if self._login.pin not in (None, self.shown):
            raise _changed(self._login, self.shown)


class NetmikoSession:
    """A session over SSH."""

    def __init__(self, connection: Any, login: DeviceLogin, host_key: str) -> None:
        self._connection = connection
        self._login = login
        self.host_key = host_key

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session."""
        self.close()

    def run(self, command: str, *, expect: str | None = None, seconds: float = 30.0) -> str:
        """Return what the device answers, its prompt included, without the echo of the command."""
        try:
            answer = self._connection.send_command(
                command,
                expect_string=expect or self._login.prompt,
                read_timeout=seconds,
                strip_prompt=False,
                strip_command=True,
            )
        except ReadTimeout as error:
            raise lost(self._login.name, f"no answer within {seconds:g} s") from error
        except (NetmikoBaseException, OSError, EOFError, paramiko.SSHException) as error:
            raise lost(self._login.name, _first_line(error)) from error
        return str(answer)

    def close(self) -> None:
        """End the connection without a word: what is to be said at the end is the caller's."""
        with suppress(NetmikoBaseException, OSError, EOFError, paramiko.SSHException):
            self._connection.paramiko_cleanup()


def connect(login: DeviceLogin) -> NetmikoSession:
    """Log in; raises NotReachedError (LoginRefusedError among these) or HostKeyChangedError."""
    try:
        sock = lab_socket.connect(login.netns, login.address, login.port, login.source_address, timeout=CONNECT_SECONDS)
    except OSError as error:
        raise not_reached(login.name, login.address, login.port, error.strerror or str(error)) from error
    policy = _Pin(login)
    connection = ConnectHandler(
        device_type=login.device_type,
        host=login.address,
        port=login.port,
        username=login.user,
        password=login.password,
        pkey=_key(login.private_key),
        use_keys=False,
        allow_agent=False,
        sock=sock,
        auto_connect=False,
        auth_timeout=CONNECT_SECONDS,
        disabled_algorithms=_only(login.pin),
    )
    connection.key_policy = policy
    try:
        connection._open()  # noqa: SLF001 (what auto_connect calls, once our policy is in its place)
    except NetmikoAuthenticationException as error:
        connection.paramiko_cleanup()
        raise _refused(login) from error
    except HostKeyChangedError:
        connection.paramiko_cleanup()
        raise
    except (NetmikoBaseException, OSError, EOFError, ValueError, paramiko.SSHException) as error:
        connection.paramiko_cleanup()
        sock.close()
        raise not_reached(login.name, login.address, login.port, _first_line(error)) from error
    return NetmikoSession(connection, login, policy.shown)


def _key(private_key: str | None) -> paramiko.PKey | None:
    return None if private_key is None else paramiko.Ed25519Key.from_private_key(StringIO(private_key))


def _only(pin: str | None) -> dict[str, list[str]] | None:
    """Ask for the pinned type of host key alone, lest a device that has several shows another one."""
    if pin is None:
        return None
    pinned = _RSA if pin.startswith("ssh-rsa") else (pin.split()[0],)
    return {"keys": [kind for kind in _KEY_TYPES if kind not in pinned]}


def _first_line(error: BaseException) -> str:
    """Return what matters of Netmiko's long messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return re.sub(r"\s+", " ", lines[0])[:200] if lines else type(error).__name__


def lost(name: str, detail: str) -> DeviceLostError:
    """Return the error for a session that ended in the middle."""
    return DeviceLostError(
        Text(vi=f"mất kết nối tới {name}: {detail}", en=f"the connection to {name} was lost: {detail}"),
        todo=Text(
            vi="chạy lại cùng lệnh; thiết bị tự lùi lại nếu thay đổi chưa được xác nhận",
            en="run the same command again; a change that was not confirmed is undone by the device itself",
        ),
    )


def _refused(login: DeviceLogin) -> LoginRefusedError:
    return LoginRefusedError(
        Text(
            vi=f"{login.name} ({login.address}:{login.port}) không cho {login.user} đăng nhập",
            en=f"{login.name} ({login.address}:{login.port}) does not let {login.user} log in",
        )
    )


def _changed(login: DeviceLogin, shown: str) -> HostKeyChangedError:
    return HostKeyChangedError(
        Text(
            vi=f"khóa máy chủ của {login.name} ({login.address}) đã thay đổi: nay là {fingerprint(shown)}",
            en=f"the host key of {login.name} ({login.address}) has changed: it is now {fingerprint(shown)}",
        ),
        todo=Text(
            vi=(
                "nếu thiết bị được thay hay khôi phục mặc định: so khóa trên cổng console của chính thiết bị, rồi chạy "
                f"lại với --accept-host-key {login.name}; nếu không, có kẻ mạo danh: dừng lại"
            ),
            en=(
                "if the device was replaced or reset, compare the key on its own console, then run again with "
                f"--accept-host-key {login.name}; if not, it is an impostor: stop"
            ),
        ),
    )
