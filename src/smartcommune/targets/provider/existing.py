"""Resource ``existing:Machine``: a machine that already stands. It is reached, recognised, and never removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from smartcommune.errors import NotReachedError
from smartcommune.targets.provider.resource import Created, Drift, Input, Properties
from smartcommune.targets.provider.values import UNKNOWN
from smartcommune.text import Text
from smartcommune.transports.ssh_probe import HostKeyChangedError, Login, MachineFacts, fingerprint, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


class Machine:
    """Host key pinned on first contact and demanded ever after; ``accept`` names hosts whose new key is trusted.

    ``not_reached`` collects machines that did not answer or did not let the toolkit in: that is no change of the
    machine, so it is told apart from drift.
    """

    type: ClassVar[str] = "smartcommune:existing:Machine"
    inputs: ClassVar[Mapping[str, Input]] = {
        "name": Input(str, "replace"),
        "address": Input(str, "update"),
        "port": Input(int, "update"),
        "user": Input(str, "update"),
        "publicKey": Input(str, "update"),
        "privateKey": Input(str, "ignore", secret=True),
    }
    outputs: ClassVar[frozenset[str]] = frozenset({"hostKey", "shownHostKey", "osId", "osVersion", "osName"})
    secrets: ClassVar[frozenset[str]] = frozenset()
    refreshed: ClassVar[bool] = True

    def __init__(
        self,
        *,
        accept: Collection[str] = (),
        contact: Callable[[Login, str | None], MachineFacts] = probe,
    ) -> None:
        self._accept = frozenset(accept)
        self._contact = contact
        self.not_reached: dict[str, NotReachedError] = {}

    def create(self, inputs: Properties, *, urn: str) -> Created:
        """Make first contact: what cannot be reached is not recorded, and the next run tries again."""
        try:
            facts = self._contact(_login(inputs), None)
        except NotReachedError as error:
            self.not_reached[inputs["name"]] = error
            raise
        return Created(inputs["name"], _properties(inputs, facts, facts.host_key))

    def foresee(self, inputs: Properties) -> Text:
        """Knock, where there is a key to knock with, and say what first contact will find."""
        if inputs["privateKey"] == UNKNOWN:
            return Text(
                vi="gặp lần đầu; apply tạo khóa SSH trước, rồi cho biết đặt khóa vào máy thế nào",
                en="first contact; apply makes the SSH key first, then says how to put it on the machine",
            )
        try:
            facts = self._contact(_login(inputs), None)
        except NotReachedError as error:
            self.not_reached[inputs["name"]] = error
            return Text(vi="gặp lần đầu; chưa vào được máy", en="first contact; the machine cannot be entered yet")
        shown = fingerprint(facts.host_key)
        return Text(
            vi=f"gặp lần đầu: {facts.os_name}; sẽ ghim khóa máy chủ {shown}",
            en=f"first contact: {facts.os_name}; its host key {shown} will be pinned",
        )

    def read(self, id_: str, properties: Properties) -> Properties | None:
        """Contact the machine as pinned; a changed key is an error unless it was accepted by name."""
        login = _login(properties)
        try:
            facts = self._contact(login, properties["hostKey"])
        except NotReachedError as error:
            self.not_reached[id_] = error
            return properties
        except HostKeyChangedError:
            if id_ not in self._accept:
                raise
            facts = self._contact(login, None)
        return _properties(properties, facts, properties["hostKey"])

    def update(self, id_: str, old: Properties, inputs: Properties, *, urn: str) -> Properties:
        """Contact the machine at its new address or with its newly accepted key; the pin goes along."""
        pinned = old["shownHostKey"] if id_ in self._accept else old["hostKey"]
        facts = self._contact(_login(inputs), pinned)
        return _properties(inputs, facts, facts.host_key)

    def delete(self, id_: str, properties: Properties) -> None:
        """Forget the machine; nothing on it is touched."""

    def drift(self, properties: Properties) -> tuple[Drift, ...]:
        """Say when a new host key is about to be pinned."""
        if properties["shownHostKey"] == properties["hostKey"]:
            return ()
        reason = Text(vi="khóa máy chủ mới đã được chấp nhận", en="a new host key was accepted by name")
        return (Drift("hostKey", reason),)


def _login(properties: Properties) -> Login:
    return Login(
        name=properties["name"],
        address=properties["address"],
        port=properties["port"],
        user=properties["user"],
        public_key=properties["publicKey"],
        private_key=properties["privateKey"],
    )


def _properties(base: Properties, facts: MachineFacts, pinned: str) -> Properties:
    return {
        **base,
        "hostKey": pinned,
        "shownHostKey": facts.host_key,
        "osId": facts.os_id,
        "osVersion": facts.os_version,
        "osName": facts.os_name,
    }
