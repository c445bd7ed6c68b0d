"""Making a report out of a Site, a run's record and the checks' results: a pure function.

What is *not* seen is derived here, so that it cannot be left out by whoever shows the report.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from smartcommune import __version__
from smartcommune.devices.simulators.lab import is_simulator
from smartcommune.text import Text
from smartcommune.verify.report.models import (
    Asked,
    CommuneAsked,
    DeviceAsked,
    Drills,
    EndpointAsked,
    HostAsked,
    Line,
    NotSeen,
    Report,
    ServiceAsked,
    Stage,
    Summary,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartcommune.catalogue.models import Catalogue
    from smartcommune.site.models import Site, Source
    from smartcommune.verify.results import CheckResult, Verification

NOTE = Text(
    vi="Báo cáo này là bằng chứng tự động: máy đã hỏi máy và ghi lại câu trả lời. Nó không phải là kết luận đạt chuẩn; "
    "kết luận thuộc về người có thẩm quyền.",
    en="This report is automated evidence: machines were asked, and their answers written down. It is not a statement "
    "that any standard or law is met; that judgement belongs to those entitled to it.",
)
_NO_CHECK = Text(vi="chưa chạy kiểm tra nào", en="no check was run")
_LAB_LIMIT = NotSeen(
    subject=Text(vi="Thiết bị, đường truyền và sóng vô tuyến thật", en="Real devices, the real link and radio"),
    reason=Text(
        vi="Đích là phòng thử trên một máy tính: hệ điều hành và dịch vụ là thật, còn mạng giữa các vùng là mô phỏng.",
        en="The target is the lab on one computer: systems and services are real, the network is a stand-in.",
    ),
)
_PEOPLE_LIMIT = NotSeen(
    subject=Text(vi="Việc của con người", en="What people do"),
    reason=Text(
        vi="Bổ nhiệm, hợp đồng, tập huấn và quy trình giấy không thể kiểm tra bằng máy.",
        en="Appointments, contracts, training and procedures on paper cannot be checked by a machine.",
    ),
)


def build_report(
    site: Site,
    catalogue: Catalogue,
    stages: tuple[Stage, ...],
    seen: Verification | None,
    generated: str,
    *,
    unchecked: Text | None = None,
    last_checked: str | None = None,
    drills: Drills | None = None,
) -> Report:
    """Return the report; ``generated`` is UTC in ISO 8601.

    Where nothing was ``seen``, ``unchecked`` says why, and ``last_checked`` when the report was made that still has
    results (kept beside this one).
    """
    commune = site.commune
    return Report(
        generated=generated,
        toolkit=__version__,
        profile=site.profile,
        target=site.target,
        commune=CommuneAsked(
            code=commune["code"],
            name=commune["name"],
            province=commune["province"],
            pilot=commune.get("pilot"),
            domain=site.domain,
            level=site.level,
        ),
        summary=_summary(site, seen),
        asked=_asked(site, catalogue),
        ran=stages,
        seen=seen,
        unchecked=None if seen is not None else unchecked or _NO_CHECK,
        last_checked=None if seen is not None else last_checked,
        not_seen=tuple(_not_seen(site, catalogue, seen, unchecked or _NO_CHECK)),
        drills=drills or Drills(),
        note=NOTE,
    )


def _summary(site: Site, seen: Verification | None) -> Summary:
    if seen is None:
        nothing = dict.fromkeys(Summary.model_fields, 0)
        return Summary(**{**nothing, "hosts_planned": len(site.hosts) + len(site.devices)})
    return Summary(
        hosts_planned=max(len(site.hosts) + len(site.devices), len(seen.hosts)),
        hosts_reached=seen.hosts_reached,
        checks_planned=len(seen.results),
        checks_with_result=seen.results_seen,
        **seen.counts(),
    )


def _asked(site: Site, catalogue: Catalogue) -> Asked:
    hosts = tuple(
        HostAsked(
            name=host.name,
            kind=host.kind,
            zone=host.zone,
            address=host.address,
            fqdn=host.fqdn,
            memory=host.memory,
            disk=host.disk,
            reasons=_lines(host.sources),
        )
        for host in site.hosts
    )
    services = tuple(
        ServiceAsked(
            name=service.name,
            host=host.name,
            title=catalogue[service.name].title,
            purpose=catalogue[service.name].purpose,
            foundation=catalogue[service.name].component == "foundation",
            reasons=_lines(service.sources),
        )
        for host in site.hosts
        for service in host.services
    )
    endpoints = tuple(
        EndpointAsked(url=f"https://{endpoint.name}/", title=Text(**endpoint.title), audience=endpoint.audience)
        for endpoint in site.endpoints
    )
    devices = tuple(
        DeviceAsked(
            name=device.name,
            platform=device.platform,
            role=device.role,
            zone=device.zone,
            address=device.address,
            simulator=is_simulator(site, device),
            reasons=_lines(device.sources),
        )
        for device in site.devices
    )
    return Asked(hosts=hosts, devices=devices, services=services, endpoints=endpoints)


def _lines(sources: tuple[Source, ...]) -> tuple[Line, ...]:
    return tuple(Line(file=source.file, line=source.line, key=source.key) for source in sources)


def _not_seen(site: Site, catalogue: Catalogue, seen: Verification | None, unchecked: Text) -> Iterator[NotSeen]:
    if seen is None:
        yield NotSeen(subject=Text(vi="Mọi dịch vụ", en="Every service"), reason=unchecked)
    else:
        yield from _hosts_not_seen(site, seen)
        yield from _checks_not_seen(seen)
        yield from _services_not_seen(site, catalogue, seen)
    if site.target == "lab":
        yield _LAB_LIMIT
        yield from _simulators(site)
    yield _PEOPLE_LIMIT


def _simulators(site: Site) -> Iterator[NotSeen]:
    for device in site.devices:
        if is_simulator(site, device):
            yield NotSeen(
                subject=Text(vi=f"{device.name}: hệ điều hành của hãng", en=f"{device.name}: the vendor's system"),
                reason=Text(
                    vi=f"trong phòng thử, {device.platform} là trình giả lập (simulator)",
                    en=f"in the lab, {device.platform} is a simulator",
                ),
                host=device.name,
            )


def _hosts_not_seen(site: Site, seen: Verification) -> Iterator[NotSeen]:
    asked = {host.name for host in seen.hosts}
    for host in seen.hosts:
        if not host.reached:
            counted = sum(result.check.host == host.name and result.state == "not_reached" for result in seen.results)
            subject = Text(
                vi=f"{host.name}: không kết nối được" + (f" ({counted} kiểm tra)" if counted else ""),
                en=f"{host.name}: not reached" + (f" ({counted} checks)" if counted else ""),
            )
            yield NotSeen(subject=subject, reason=host.reason, host=host.name)
    for name in (*(host.name for host in site.hosts), *(device.name for device in site.devices)):
        if name not in asked:
            yield NotSeen(
                subject=Text(vi=f"{name}: không được hỏi", en=f"{name}: not asked"),
                reason=Text(vi="lần chạy được giới hạn ở máy khác", en="the run was limited to other hosts"),
                host=name,
            )


def _checks_not_seen(seen: Verification) -> Iterator[NotSeen]:
    missing = [result for result in seen.results if result.state in ("skipped", "not_run")]
    states = {"skipped": Text(vi="bỏ qua", en="skipped"), "not_run": Text(vi="chưa chạy", en="not run")}

    def place(result: CheckResult) -> tuple[str, str, str]:
        return (result.state, result.check.host, result.check.service)

    for _, group in groupby(sorted(missing, key=place), place):
        for result in group:
            state, title = states[result.state], result.check.title
            yield NotSeen(
                subject=Text(vi=f"{title.vi} ({state.vi})", en=f"{title.en} ({state.en})"),
                reason=result.reason_text if result.reason else state,
                host=result.check.host,
                service=result.check.service,
            )


def _services_not_seen(site: Site, catalogue: Catalogue, seen: Verification) -> Iterator[NotSeen]:
    checked = {(result.check.host, result.check.service) for result in seen.results}
    lost = {host.name for host in seen.hosts if not host.reached}
    for host in site.hosts:
        if host.name in lost:
            continue  # told as a whole
        for service in host.services:
            if (host.name, service.name) not in checked:
                yield NotSeen(
                    subject=catalogue[service.name].title,
                    reason=Text(vi="chưa có kiểm tra nào được định", en="no check was planned"),
                    host=host.name,
                    service=service.name,
                )
