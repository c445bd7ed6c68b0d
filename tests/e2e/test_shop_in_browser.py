"""A guest orders honey on a phone's browser, through ``smartcommune lab open``; staff find the order in their list."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect, sync_playwright

QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-sandbox"),
)
BUYER = "kiem-tra-trinh-duyet@example.invalid"  # .invalid marks the order as a test
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
FAULTS = """() => {
  const faults = [], root = document.documentElement;
  if (root.lang !== "vi") faults.push("language is " + root.lang);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one main heading");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main part");
  document.querySelectorAll("input:not([type=hidden]), select, textarea").forEach((field) => {
    if (!field.labels.length && !field.ariaLabel) faults.push("no label: " + field.name);
  });
  document.querySelectorAll("img").forEach((image) => {
    if (!image.hasAttribute("alt")) faults.push("no text: " + image.src);
    if (image.loading !== "lazy" && !image.naturalWidth) faults.push("not shown: " + image.src.slice(0, 80));
  });
  document.querySelectorAll("body *").forEach((part) => {
    const box = part.getBoundingClientRect();
    if (box.width && box.right > 361 && !part.closest(".kinds")) faults.push("wide: " + part.outerHTML.slice(0, 80));
  });
  return faults;
}"""


def issuer_key(commune, host):
    """Return the fingerprint of the one key that the browser is told to trust: the host's own issuing authority."""
    certificate = x509.load_pem_x509_certificate(commune.outputs.authorities[host].certificate.encode())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.fixture
def browser(commune, tmp_path):
    """A fresh Chromium that reaches the shop as ``lab open`` says, and nothing else."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: tools/setup --tests"
    shop = next(endpoint for endpoint in commune.site.endpoints if endpoint.service == "cooperative_shop")
    forward = commune.document("lab", "open", str(commune.profile), shop.name)["forward"]
    trust = f"--ignore-certificate-errors-spki-list={issuer_key(commune, shop.host)}"
    rules = [argument for argument in forward["browser"] if argument.startswith("--host-resolver-rules")]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "browser",
            executable_path=program,
            args=[*QUIET, trust, *rules],
            env={**os.environ, "HOME": str(tmp_path)},  # it keeps crash reports there
            base_url=f"https://{shop.name}",
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            **PHONE,
        )
        context.set_default_timeout(20_000)
        yield context
        context.close()
    commune.lab.close(forward["local_port"])


@pytest.fixture
def _removed_orders(commune):
    """Remove what the test ordered."""
    yield
    host = next(endpoint.host for endpoint in commune.site.endpoints if endpoint.service == "cooperative_shop")
    commune.on(host, "/usr/local/sbin/cooperative_shop-manage remove_test_orders")


@pytest.mark.usefixtures("_removed_orders")
def test_guest_orders_honey_and_staff_see_it(commune, browser):
    """From the first page to the confirmation as a guest, each page fit for a phone; then staff have the order."""
    page = browser.new_page()
    seen = {}

    def look(name):
        page.wait_for_load_state()
        seen[name] = page.evaluate(FAULTS)

    page.goto("/")
    look("first page")
    page.get_by_role("search").locator("input[name=q]").fill("mật ong")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    look("found")
    page.locator("h3 a[href*='/catalogue/'][href*='_']").first.click()
    page.wait_for_url("**/catalogue/**")
    look("product")
    page.locator("form[action*='/basket/add/'] button[type=submit]").first.click()
    page.goto("/basket/")
    look("basket")
    page.locator("a[href='/checkout/']").last.click()
    page.wait_for_url("**/checkout/**")
    look("checkout")

    page.locator("form:has(input[value=anonymous]) input[name=username]").fill(BUYER)
    page.locator("form:has(input[value=anonymous]) button[type=submit]").click()
    page.locator("form:has([name=first_name]) button.btn-lg").click()
    expect(page.locator(".error-block").first).to_be_visible()
    look("address with faults")
    page.locator("[name=first_name]").fill("Kiểm tra tự động")
    page.locator("[name=phone_number]").fill("0912 345 678")
    page.locator("[name=line1]").fill("Thôn thử nghiệm")
    _choose_commune(page)
    page.locator("form:has([name=first_name]) button.btn-lg").click()
    for step in ("method_code", "method"):
        choice = page.locator(f"form:has(input[name={step}]) button[type=submit]")
        if choice.count():
            look(step)
            choice.first.click()
    page.locator("#place-order").wait_for()
    look("check")
    page.locator("#place-order").click()

    number = page.locator("#order-number")
    expect(number).to_have_text(re.compile(r"\d+"))
    look("confirmation")
    ordered = number.inner_text()
    page.locator("a[href*='order-status']").click()
    expect(page.locator("h1")).to_contain_text(ordered)
    look("order")
    page.goto("/khong-co-trang-nay/")
    look("no such page")
    assert {name: faults for name, faults in seen.items() if faults} == {}
    _staff_see(commune, browser, ordered)


def _choose_commune(page):
    """Choose a province, then one of its communes, which the page fetches."""
    for name, label in (("province", "Ninh Bình"), ("commune", "Yên Mô")):
        option = page.locator(f"select[name={name}] option", has_text=label).first
        expect(option).to_be_attached()
        page.locator(f"select[name={name}]").select_option(value=option.get_attribute("value"))


def _staff_see(commune, browser, number):
    host = next(endpoint.host for endpoint in commune.site.endpoints if endpoint.service == "cooperative_shop")
    browser.clear_cookies()
    page = browser.new_page()
    page.goto("/dashboard/login/")
    page.locator("[name=username], [name=login-username]").first.fill("nhanvien")
    page.locator("[name=password], [name=login-password]").first.fill(
        commune.outputs.secrets[f"{host}/cooperative_shop/staff_password"]
    )
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto("/dashboard/orders/")

    expect(page.locator("table")).to_contain_text(number)
