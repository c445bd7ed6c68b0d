"""A phone joins the citizens' Wi-Fi, meets the portal in its browser, accepts, and is on the Internet."""

from __future__ import annotations

import base64
import hashlib
import shlex
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect, sync_playwright

from tests.infrastructure.wifi.conftest import eventually, fetch

QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--no-sandbox"),
    *("--disable-component-update", "--disable-sync"),
)
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
PAGE_LIMIT = 50_000
WANS = ("wan", "wan2")
FAULTS = """() => {
  const faults = [], root = document.documentElement;
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one main heading");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main part");
  document.querySelectorAll("input:not([type=hidden])").forEach((field) => {
    if (!field.labels.length) faults.push("no label: " + field.name);
  });
  document.querySelectorAll("body *").forEach((part) => {
    const box = part.getBoundingClientRect();
    if (box.width && box.right > 361) faults.push("wide: " + part.outerHTML.slice(0, 80));
  });
  return faults;
}"""


def trusted(commune, host):
    """Return the fingerprint of the one key that the browser is told to trust: the host's own issuing authority."""
    certificate = x509.load_pem_x509_certificate(commune.outputs.authorities[host].certificate.encode())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@contextmanager
def browser(commune, phone, folder, *, scripts=True):
    """Give the phone's browser, which runs in the phone's network; ``scripts`` False is an old one."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: tools/setup --tests"
    start = folder / "browser"
    start.write_text(f'#!/bin/sh\nexec {shlex.join(phone.argv([program]))} "$@"\n', encoding="utf-8")
    start.chmod(0o755)
    endpoint = next(each for each in commune.site.endpoints if each.service == "traceability")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "data",
            executable_path=start,
            args=[*QUIET, f"--ignore-certificate-errors-spki-list={trusted(commune, endpoint.host)}"],
            env={**phone.environment, "HOME": str(folder)},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            java_script_enabled=scripts,
            **PHONE,
        )
        context.set_default_timeout(20_000)
        yield context
        context.close()


def commune_page(commune):
    """Return the address of a page of the commune's own."""
    name = next(each.name for each in commune.site.endpoints if each.service == "traceability")
    return f"https://{name}/"


def test_a_phone_meets_the_portal_accepts_and_is_out(commune, internet, phone, portal, tmp_path: Path):
    """An outside page leads to the portal, in Vietnamese and English; accepting it opens the way."""
    weights = []
    with browser(commune, phone, tmp_path) as opened:
        page = opened.new_page()
        page.on("response", lambda answer: weights.append(len(answer.body()) if answer.ok else 0))
        page.goto(internet.url)
        assert page.url == portal
        assert page.evaluate("document.documentElement.lang") == "vi"
        assert page.evaluate(FAULTS) == []
        page.get_by_role("link", name="English").tap()
        expect(page.get_by_role("button", name="Use the Internet")).to_be_visible()
        page.get_by_role("link", name="Tiếng Việt").tap()
        page.get_by_role("button", name="Vào Internet").tap()  # not ticked: the browser itself asks for it
        assert page.url.startswith(portal)
        page.get_by_label("Tôi đã đọc và đồng ý nội quy").check()
        page.get_by_role("button", name="Vào Internet").tap()
        expect(page.get_by_role("heading", name="Bạn đã vào mạng")).to_be_visible()
        assert page.evaluate(FAULTS) == []
        page.goto(internet.url)
        expect(page.get_by_role("heading", name="The Internet")).to_be_visible()
        page.goto(commune_page(commune))
        assert page.title()
    assert 0 < max(weights) < PAGE_LIMIT


def test_an_old_phone_without_scripts(commune, internet, phone, portal, tmp_path: Path):
    """A browser without scripts gets through the portal as well."""
    with browser(commune, phone, tmp_path, scripts=False) as opened:
        page = opened.new_page()
        page.goto(internet.url)
        assert page.url == portal
        page.get_by_label("Tôi đã đọc và đồng ý nội quy").check()
        page.get_by_role("button", name="Vào Internet").tap()
        expect(page.get_by_role("heading", name="Bạn đã vào mạng")).to_be_visible()
        page.goto(internet.url)
        expect(page.get_by_role("heading", name="The Internet")).to_be_visible()


def test_with_the_wan_unplugged(commune, internet, phone, portal, tmp_path: Path):
    """Without Internet the portal and the commune's pages work, before accepting and after; later the Internet too."""
    for zone in WANS:
        commune.lab.cut(zone)
    try:
        with browser(commune, phone, tmp_path) as opened:
            page = opened.new_page()
            page.goto(commune_page(commune))
            assert page.title()
            page.goto(internet.url)
            assert page.url == portal
            page.get_by_label("Tôi đã đọc và đồng ý nội quy").check()
            page.get_by_role("button", name="Vào Internet").tap()
            expect(page.get_by_role("heading", name="Bạn đã vào mạng")).to_be_visible()
            page.goto(commune_page(commune))
            assert page.title()
            assert fetch(phone, internet.url)[0] == 0
            for zone in WANS:
                commune.lab.restore(zone)
            eventually(lambda: fetch(phone, internet.url)[0] == 200, 60)
            page.goto(internet.url)
            expect(page.get_by_role("heading", name="The Internet")).to_be_visible()
    finally:
        for zone in WANS:
            commune.lab.restore(zone)


@pytest.mark.parametrize(
    "probe", ["connectivitycheck.gstatic.com/generate_204", "captive.apple.com/hotspot-detect.html"]
)
def test_a_phones_own_test_finds_the_portal(internet, phone, portal, probe):
    """What phones ask to find a portal leads to it, and to the Internet's own answer once accepted."""
    name, _, path = probe.partition("/")
    code, location, _ = fetch(phone, f"http://{internet.address}/{path}", "--header", f"Host: {name}")

    assert (code, location) == (302, portal)
