"""The provider's resources as typed classes. Property names on the wire are camelCase, as everywhere in Pulumi."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartcommune.site.models import Connection, Device, SiteHost, Zone

Options = pulumi.ResourceOptions | None


class _Resource(pulumi.CustomResource):
    """A resource whose outputs are read by name."""

    def __init__(
        self, token: str, name: str, inputs: Mapping[str, Any], outputs: Sequence[str], options: Options
    ) -> None:
        super().__init__(f"smartcommune:{token}", name, {**inputs, **dict.fromkeys(outputs)}, options)

    def _output(self, name: str) -> pulumi.Output[Any]:
        value: pulumi.Output[Any] = vars(self)[name]  # a property of the same name hides the attribute
        return value


class Password(_Resource):
    """A password of ``length`` characters, generated once."""

    def __init__(self, name: str, *, length: int, options: Options = None) -> None:
        super().__init__("secret:Password", name, {"length": length}, ["value"], options)


class Token(_Resource):
    """A key of ``length`` characters that only programs see, generated once."""

    def __init__(self, name: str, *, length: int, options: Options = None) -> None:
        super().__init__("secret:Token", name, {"length": length}, ["value"], options)


class KeyPair(_Resource):
    """The toolkit's SSH key pair (ed25519)."""

    def __init__(self, name: str, *, comment: str, options: Options = None) -> None:
        super().__init__("ssh:KeyPair", name, {"comment": comment}, ["publicKey", "privateKey"], options)

    @property
    def public_key(self) -> pulumi.Output[str]:
        """The authorized_keys line."""
        return self._output("publicKey")

    @property
    def private_key(self) -> pulumi.Output[str]:
        """The private key; a secret."""
        return self._output("privateKey")


class CertificateAuthority(_Resource):
    """The commune's root authority."""

    def __init__(self, name: str, *, common_name: str, organization: str, options: Options = None) -> None:
        inputs = {"commonName": common_name, "organization": organization}
        super().__init__("pki:CertificateAuthority", name, inputs, ["certificate", "privateKey", "expires"], options)

    @property
    def certificate(self) -> pulumi.Output[str]:
        """The root certificate, PEM."""
        return self._output("certificate")

    @property
    def private_key(self) -> pulumi.Output[str]:
        """The root's key; a secret."""
        return self._output("privateKey")


class HostAuthority(_Resource):
    """The issuing authority of one host, limited to the host's names and address."""

    def __init__(
        self, host: SiteHost, *, excluded: Sequence[str], root: CertificateAuthority, options: Options = None
    ) -> None:
        inputs = {
            "host": host.name,
            "names": list(host.names),
            "address": host.address,
            "excludedNames": list(excluded),
            "rootCertificate": root.certificate,
            "rootPrivateKey": root.private_key,
        }
        super().__init__("pki:HostAuthority", host.name, inputs, ["certificate", "privateKey", "expires"], options)


class LabNetwork(_Resource):
    """The lab's network of one commune: one bridge a zone."""

    def __init__(self, name: str, *, zones: Sequence[Zone], options: Options = None) -> None:
        described = [{key: value for key, value in asdict(zone).items() if value is not None} for zone in zones]
        inputs = {"name": name, "zones": described}
        super().__init__("lab:Network", name, inputs, ["namespace", "present"], options)

    @property
    def namespace(self) -> pulumi.Output[str]:
        """The network namespace that holds it."""
        return self._output("namespace")


class LabMachine(_Resource):
    """A machine of the lab."""

    def __init__(
        self,
        host: SiteHost,
        *,
        commune: str,
        network: LabNetwork,
        authorized_key: pulumi.Output[str],
        options: Options = None,
    ) -> None:
        inputs = {
            "name": host.name,
            "commune": commune,
            "namespace": network.namespace,
            "zone": host.zone,
            "address": host.address,
            "prefixLength": host.prefix_length,
            "gateway": host.gateway,
            "memory": host.memory,
            "disk": host.disk,
            "authorizedKey": authorized_key,
            "fqdn": host.fqdn,
            "interfaces": [
                {"zone": link.zone, "address": link.address, "prefixLength": link.prefix_length, "name": link.name}
                for link in host.interfaces
            ],
        }
        super().__init__("lab:Machine", host.name, inputs, ["hostKey", "status"], options)

    @property
    def host_key(self) -> pulumi.Output[str]:
        """The public SSH host key."""
        return self._output("hostKey")


class LabSimulator(_Resource):
    """A network device of the lab: a simulator."""

    def __init__(self, device: Device, *, commune: str, network: LabNetwork, options: Options = None) -> None:
        inputs = {
            "name": device.name,
            "commune": commune,
            "namespace": network.namespace,
            "platform": device.platform,
            "address": device.address,
            "prefixLength": device.prefix_length,
            "port": device.port,
            "vlan": device.vlan,
            "gateway": device.gateway,
            "user": device.user,
        }
        super().__init__("lab:Simulator", device.name, inputs, ["firstPassword", "hostKey", "status"], options)


class ExistingMachine(_Resource):
    """A machine that already stands; it is reached and recognised, never removed."""

    def __init__(self, name: str, *, connection: Connection, keys: KeyPair, options: Options = None) -> None:
        inputs = {
            "name": name,
            "address": connection.address,
            "port": connection.port,
            "user": connection.user,
            "publicKey": keys.public_key,
            "privateKey": keys.private_key,
        }
        outputs = ["hostKey", "shownHostKey", "osId", "osVersion", "osName"]
        super().__init__("existing:Machine", name, inputs, outputs, options)

    @property
    def host_key(self) -> pulumi.Output[str]:
        """The public SSH host key, as pinned."""
        return self._output("hostKey")
