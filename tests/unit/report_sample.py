"""A Site of two hosts with results in every state: what the tests of the report and of the command line show."""

from __future__ import annotations

from smartcommune.catalogue.models import Catalogue, Service
from smartcommune.site.models import Endpoint, InboundRule, PlacedService, Site, SiteHost, Source, Zone
from smartcommune.text import Text
from smartcommune.verify.report.models import Part, Stage
from smartcommune.verify.results import Check, CheckResult, HostReach, State, Verification

PROFILE = "commune_profiles/vi-huong.yml"


def _service(name: str, component: str, vi: str, en: str) -> Service:
    return Service.model_validate(
        {
            "name": name,
            "component": component,
            "title": {"vi": vi, "en": en},
            "purpose": {"vi": f"{vi}: mục đích", "en": f"{en}: purpose"},
        },
        strict=False,
    )


def catalogue() -> Catalogue:
    """Return three services."""
    return {
        "base": _service("base", "foundation", "Nền tảng máy chủ", "Base of every host"),
        "postgresql": _service("postgresql", "foundation", "Cơ sở dữ liệu", "Database"),
        "cooperative_shop": _service("cooperative_shop", "production", "Cửa hàng hợp tác xã", "Cooperative shop"),
    }


def _placed(name: str, host: str, source: Source) -> PlacedService:
    return PlacedService(
        name=name,
        host=host,
        options={},
        files={},
        memory=2**28,
        disk=2**30,
        install_seconds=30,
        unit=None,
        health=(),
        data=(),
        sources=(source,),
    )


def _host(name: str, zone: str, address: str, services: tuple[str, ...], line: int) -> SiteHost:
    source = Source(PROFILE, line, f"hosts.{name}")
    rule = InboundRule("tcp", 443, ("office", "wifi"), "reverse_proxy", (source,))
    return SiteHost(
        name=name,
        kind="server" if zone == "server" else "gateway",
        site="ubnd",
        zone=zone,
        address=address,
        prefix_length=24,
        gateway=address.rsplit(".", 1)[0] + ".1",
        fqdn=f"{name}.phuthong.thainguyen.gov.vn",
        names=(f"{name}.phuthong.thainguyen.gov.vn",),
        memory=8 * 2**30,
        disk=60 * 2**30,
        services=tuple(_placed(service, name, source) for service in services),
        inbound=(rule,),
        outbound=(),
        sources=(source,),
    )


def site(target: str = "lab") -> Site:
    """Return two hosts with their services."""
    source = Source("roles/cooperative_shop/meta/service.yml", 21, "endpoints.0")
    return Site(
        schema=1,
        profile="vi-huong",
        commune={
            "code": "01969",
            "name": "Phủ Thông",
            "province_code": "19",
            "province": "Thái Nguyên",
            "pilot": "Vi Hương",
            "languages": ["vi", "en"],
        },
        target=target,
        level=2,
        domain="phuthong.thainguyen.gov.vn",
        link={"down": 30_000_000, "up": 10_000_000, "rtt": 60},
        zones=(Zone("server", "10.20.3.0/24", "10.20.3.1"), Zone("office", "10.20.2.0/24", "10.20.2.1")),
        hosts=(
            _host("server-1", "server", "10.20.3.10", ("base", "postgresql", "cooperative_shop"), 7),
            _host("gateway-1", "edge", "10.20.1.10", ("base",), 8),
        ),
        endpoints=(
            Endpoint(
                name="cua-hang.phuthong.thainguyen.gov.vn",
                service="cooperative_shop",
                host="server-1",
                title={"vi": "Cửa hàng hợp tác xã", "en": "Cooperative shop"},
                description={"vi": "Mua hàng", "en": "Buy"},
                socket=None,
                audience="public",
                uploads=1,
                sources=(source,),
            ),
        ),
        grants=(),
        secrets=(),
        peers={},
        province={},
        settings=(),
    )


def _result(
    host: str, service: str, test: str, vi: str, en: str, state: State, reason: str = "", detail: str = ""
) -> CheckResult:
    check = Check(
        id=f"{host}/{service}/test_{service}.{test}",
        host=host,
        service=service,
        title=Text(vi=vi, en=en),
        kind="flow" if "order" in test else "check",
    )
    seconds = 0.0 if state in ("not_run", "not_reached") else 0.31
    return CheckResult(check=check, state=state, reason=reason, seconds=seconds, detail=detail)


def verification() -> Verification:
    """Return results in every state: one host is not reached."""
    detail = (
        'E   assert service.is_running\n\x1b[1mJournal:\x1b[0m <script>alert("x")</script> & more\n' + "dòng dài " * 60
    )
    return Verification(
        started="2026-11-24T11:10:00+00:00",
        seconds=12.4,
        hosts=(
            HostReach(name="server-1", reached=True),
            HostReach(
                name="gateway-1", reached=False, reason="ssh: connect to host 10.20.1.10 port 22: No route to host"
            ),
        ),
        results=(
            _result(
                "server-1", "base", "test_a", "Tường lửa mặc định chặn", "The firewall denies by default", "passed"
            ),
            _result("server-1", "base", "test_b", "SSH chỉ nhận khóa", "SSH accepts keys only", "passed"),
            _result(
                "server-1",
                "postgresql",
                "test_c",
                "Cơ sở dữ liệu đang chạy",
                "The database is running",
                "failed",
                "AssertionError: assert service.is_running",
                detail,
            ),
            _result(
                "server-1",
                "cooperative_shop",
                "test_order",
                "Khách đặt mua mật ong qua HTTPS",
                "A guest orders honey over HTTPS",
                "passed",
            ),
            _result(
                "server-1",
                "cooperative_shop",
                "test_d",
                "Thư được gửi",
                "Mail is delivered",
                "skipped",
                "no mail relay",
            ),
            _result(
                "server-1", "cooperative_shop", "test_e", "Có sao lưu", "A backup exists", "not_run", "the run ended"
            ),
            _result(
                "gateway-1",
                "base",
                "test_a",
                "Tường lửa mặc định chặn",
                "The firewall denies by default",
                "not_reached",
                "No route to host",
            ),
        ),
    )


def stages() -> tuple[Stage, ...]:
    """Return the record of a first apply."""
    return (
        Stage(
            name="machines",
            state="done",
            started="2026-11-24T11:02:00+00:00",
            seconds=9.4,
            changed=14,
            parts=(Part(name="commune:lab:Machine", seconds=5.2, changed=2),),
        ),
        Stage(
            name="hosts",
            state="done",
            started="2026-11-24T11:02:10+00:00",
            seconds=463.0,
            changed=131,
            parts=(
                Part(host="server-1", name="base", seconds=61.0, changed=40),
                Part(host="server-1", name="postgresql", seconds=55.5, changed=12),
                Part(host="server-1", name="cooperative_shop", seconds=180.2, changed=44),
                Part(host="gateway-1", name="base", seconds=58.0, changed=35),
            ),
        ),
        Stage(name="checks", state="failed", started="2026-11-24T11:10:00+00:00", seconds=12.4),
    )
