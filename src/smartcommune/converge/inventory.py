"""The Ansible inventory of a Site: groups and host variables, with secrets from the stack's outputs, in memory only.

Pure but for one look at which roles know how to bring their data back. Shape: Ansible's dynamic inventory JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartcommune import paths
from smartcommune.site.models import to_plain
from smartcommune.targets.outputs import LAB_PORT
from smartcommune.targets.pki import subject_of
from smartcommune.transports.ssh import control_folder

if TYPE_CHECKING:
    from smartcommune.site.models import Grant, Place, PlacedService, Site, SiteHost
    from smartcommune.targets.outputs import Outputs


def build(site: Site, outputs: Outputs) -> dict[str, Any]:
    """Return groups and host variables of the hosts that stand; a host without outputs is left out."""
    hosts = [host for host in site.hosts if host.name in outputs.hosts]
    groups: dict[str, list[str]] = {"commune": []}
    for host in hosts:
        for group in ("commune", f"zone_{host.zone}", f"site_{host.site}", f"kind_{host.kind}", *_services(host)):
            groups.setdefault(group.replace("-", "_"), []).append(host.name)
    inventory: dict[str, Any] = {group: {"hosts": names} for group, names in sorted(groups.items())}
    inventory["_meta"] = {"hostvars": {host.name: _variables(site, outputs, host) for host in hosts}}
    return inventory


def _services(host: SiteHost) -> list[str]:
    return [service.name for service in host.services]


def _variables(site: Site, outputs: Outputs, host: SiteHost) -> dict[str, Any]:
    """Return one host's variables: the commune, the host, and those of each of its services."""
    variables: dict[str, Any] = {
        **_connection(site, outputs, host),
        "commune": _commune(site, outputs, host),
        "commune_host": _host(host),
        "commune_services": _services(host),
        "commune_services_with_backup": [name for name in _services(host) if _keeps_data(name)],
        "commune_saves": {service.name: steps for service in host.services if (steps := _saves(site, service))},
        "commune_endpoints": [_without_sources(endpoint) for endpoint in site.endpoints],
        "base_authorized_keys": [outputs.ssh.public],
        "internal_ca_root_certificate": outputs.ca_certificate,
    }
    if authority := outputs.authorities.get(host.name):
        variables["internal_ca_host_certificate"] = authority.certificate
        variables["internal_ca_host_key"] = authority.private_key
    for service in host.services:
        variables |= {f"{service.name}_{key}": value for key, value in _options(service).items()}
        variables[f"{service.name}_memory"] = service.memory
    for need in site.secrets:
        if need.host == host.name and need.id in outputs.secrets:
            variables[f"{need.service}_{need.name}"] = outputs.secrets[need.id]
    if polled := _polled(site, outputs, host):
        variables["commune_device_secrets"] = polled
    for grant in site.grants:
        _add_grant(variables, site, outputs, host, grant)
    return variables


def _connection(site: Site, outputs: Outputs, host: SiteHost) -> dict[str, Any]:
    """Return how Ansible logs in; the key goes into an agent that it starts for the run (ssh_agent in ansible.cfg)."""
    folder = paths.deployment(site.profile, site.target).resolve()
    return {
        "ansible_user": outputs.hosts[host.name].user,
        "ansible_port": outputs.hosts[host.name].port,
        "ansible_become": True,
        "ansible_ssh_private_key": outputs.ssh.private,
        "ansible_ssh_common_args": f"-F '{folder / 'ssh_config'}'",
        "ansible_control_path_dir": str(control_folder(folder)),
        "ansible_control_path": "%(directory)s/%%C",
    }


def _commune(site: Site, outputs: Outputs, host: SiteHost) -> dict[str, Any]:
    """Return what all roles may know of the commune, as this host sees it (its gateway stands for ``gateway``)."""
    return {
        **{key: site.commune.get(key) for key in ("code", "name", "province", "province_code", "pilot", "languages")},
        "domain": site.domain,
        "level": site.level,
        "profile": site.profile,
        "target": site.target,
        "zones": _zones(site, host.site),
        "sites": {place.name: _site(site, place) for place in site.sites},
        "hosts": [_neighbour(site, outputs, host, each) for each in site.hosts],
        "devices": [_without_sources(device) for device in site.devices],
        "peers": host.peers,
    }


def _zones(site: Site, name: str) -> dict[str, Any]:
    return {
        zone.name: {"prefix": zone.prefix, "gateway": zone.gateway, "router": zone.router}
        for zone in site.zones_of(name).values()
    }


def _site(site: Site, place: Place) -> dict[str, Any]:
    """Return one of the commune's sites with its zones and, where one routes, its router."""
    router = None
    if place.router is not None:
        addresses = {link.zone: link.address for link in site.host(place.router).interfaces}
        router = {"host": place.router, "wan_address": addresses["wan"], "addresses": addresses}
    return {
        "title": place.title,
        "block": place.block,
        "link": place.link,
        "zones": _zones(site, place.name),
        "router": router,
    }


def _neighbour(site: Site, outputs: Outputs, host: SiteHost, other: SiteHost) -> dict[str, Any]:
    """Return another machine, or the host itself, with the address by which the host knows it, and its authority."""
    names = ("name", "fqdn", "kind", "site", "zone", "names")
    router = site.zones_of(host.site)[host.zone].router
    address = host.gateway if other.name == router and other is not host else other.address
    authority = outputs.authorities.get(other.name)
    return {
        **{name: to_plain(getattr(other, name)) for name in names},
        "address": address,
        "authority": subject_of(authority.certificate) if authority else None,
    }


def _host(host: SiteHost) -> dict[str, Any]:
    names = ("name", "fqdn", "kind", "site", "zone", "address", "prefix_length", "gateway", "names", "memory", "disk")
    return {
        **{name: to_plain(getattr(host, name)) for name in names},
        "ssh_port": host.connection.port if host.connection else LAB_PORT,
        "inbound": [_without_sources(rule) for rule in host.inbound],
        "outbound": [_without_sources(rule) for rule in host.outbound],
        "interfaces": to_plain(host.interfaces),
        "router": host.is_router,
        "forward": [_without_sources(rule) for rule in host.forward],
        "firewall_tables": list(host.firewall_tables),
        "services": [{"name": each.name, "title": each.title, "unit": each.unit} for each in host.services],
    }


def _without_sources(value: Any) -> dict[str, Any]:
    """Return a part of the Site without the lines that asked for it: moving a line changes no host."""
    plain: dict[str, Any] = to_plain(value)
    plain.pop("sources", None)
    return plain


def _options(service: PlacedService) -> dict[str, Any]:
    """Return a service's options, with the absolute path of each file, also in the rows of tables."""
    options = to_plain(service.options)
    for key in service.files:
        *way, last = (int(part) if part.isdecimal() else part for part in key.split("."))
        holder = options
        for part in way:
            holder = holder[part]
        holder[last] = str(paths.checkout() / holder[last])
    return dict(options)


def _add_grant(variables: dict[str, Any], site: Site, outputs: Outputs, host: SiteHost, grant: Grant) -> None:
    """Add a grant to the variables of its provider and of its consumer, where this host is one of them."""
    local = grant.provider_host == grant.consumer_host
    password = outputs.secrets.get(grant.secret) if grant.secret else None
    if host.name == grant.provider_host:
        given: dict[str, Any] = {
            "capability": grant.capability,
            "name": grant.name,
            "consumer": grant.consumer,
            "consumer_host": grant.consumer_host,
            "consumer_address": grant.consumer_address,
            "consumer_fqdn": site.host(grant.consumer_host).fqdn,
            "local": local,
            "password": password,
            "needs": to_plain(grant.needs),
            "options": _options(site.host(grant.consumer_host).service(grant.consumer)),
        }
        if grant.capability == "web":
            given["endpoints"] = [_without_sources(item) for item in site.endpoints if item.service == grant.consumer]
        variables.setdefault(f"{grant.provider}_grants", []).append(given)
    if host.name == grant.consumer_host:
        variables[f"{grant.consumer}_{grant.capability}"] = {
            "host": grant.provider_host,
            "address": grant.provider_address,
            "fqdn": site.host(grant.provider_host).fqdn,
            "local": local,
            "name": grant.name,
            "password": password,
        }


def _polled(site: Site, outputs: Outputs, host: SiteHost) -> dict[str, dict[str, str]]:
    """Return the SNMPv3 keys (``snmp_auth``, ``snmp_priv``) of the devices that this host asks, by device."""
    return {
        device.name: {
            need.name: outputs.secrets[need.id]
            for need in site.secrets
            if need.host == device.name and need.name.startswith("snmp_") and need.id in outputs.secrets
        }
        for device in site.devices
        if host.address in device.pollers
    }


def _saves(site: Site, service: PlacedService) -> list[dict[str, Any]]:
    """Return the steps that save a service's data, each once for every grant where the step says so."""
    steps = []
    for step in (step for data in service.data for step in data.get("save", ())):
        plain = {key: value for key, value in to_plain(step).items() if key != "each"}
        if step["each"] is None:
            steps.append(plain)
            continue
        given = (service.name, service.host, step["each"])
        steps += [
            _named(plain, grant.name or grant.consumer)
            for grant in site.grants
            if (grant.provider, grant.provider_host, grant.capability) == given
        ]
    return steps


def _named(step: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a step with a name for ``{name}``."""
    named = {key: value.replace("{name}", name) for key, value in step.items() if isinstance(value, str)}
    return step | named | {"command": [word.replace("{name}", name) for word in step["command"]]}


def _keeps_data(service: str) -> bool:
    return paths.checkout().joinpath("roles", service, "tasks", "restore.yml").exists()
