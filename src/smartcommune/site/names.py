"""Names: the commune's domain by decree NĐ 224/2026, and ASCII forms of Vietnamese names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartcommune.document.nearest import fold
from smartcommune.site.draft import related
from smartcommune.site.models import Setting
from smartcommune.text import Text

if TYPE_CHECKING:
    from smartcommune.profile.communes import OfficialCommune
    from smartcommune.site.draft import Draft
    from smartcommune.site.models import Endpoint


def to_label(name: str) -> str:
    """Return a name as part of a domain: ``Phủ Thông`` → ``phuthong``, ``Đồng Tháp`` → ``dongthap``."""
    return re.sub(r"[^a-z0-9]", "", fold(name))


def make_domain(draft: Draft, official: OfficialCommune) -> str:
    """Return the commune's domain: the profile's, else the province's, else ``tenxa.tentinh.gov.vn``."""
    commune = draft.loaded.profile.commune
    if commune.domain is not None:
        return commune.domain
    if commune.code in draft.province.data.domains:
        domain = draft.province.data.domains[commune.code]
        source = draft.province_source("domains", commune.code)
        draft.settings.append(Setting("domain", domain, "derived", (source,)))
        return domain
    domain = f"{to_label(commune.name)}.{to_label(official.province)}.gov.vn"
    sources = (draft.profile_source("commune", "name"), draft.profile_source("commune", "code"))
    draft.settings.append(Setting("domain", domain, "derived", sources))
    return domain


def check_names(draft: Draft, domain: str, endpoints: tuple[Endpoint, ...]) -> None:
    """Record hosts whose full name is already that of a web address."""
    taken = {endpoint.name: endpoint for endpoint in endpoints}
    for host in draft.hosts.values():
        endpoint = taken.get(f"{host.name}.{domain}")
        if endpoint is None:
            continue
        draft.conflict(
            host.sources[0],
            "name-clash",
            Text(
                vi=f"tên máy {host.name} đã là địa chỉ web của {endpoint.service}",
                en=f"the host's name {host.name} is a web address of {endpoint.service} already",
            ),
            found=Text(vi=endpoint.name, en=endpoint.name),
            expected=Text(vi="mỗi tên một lần", en="each name once"),
            todo=Text(vi="đổi tên máy", en="rename the host"),
            others=[related(endpoint.sources[0], Text(vi=endpoint.service, en=endpoint.service))],
        )
