"""What a buyer and the staff do: order over HTTPS, pay by VietQR, see the order in the staff's list."""

from __future__ import annotations

import base64
import html
import importlib.util
import io
import re
import secrets as random
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest
import zxingcpp
from PIL import Image

APP = Path(__file__).resolve().parents[1] / "files" / "app"
MANAGE = "/usr/local/sbin/cooperative_shop-manage"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ENGLISH = re.compile(
    r"\b(the|your|you|this|with|from|and|order|orders|product|products|save|delete|edit|name|date|status|customer|price|"
    r"stock|address|password|login|search|select|create|update|page|quantity|payment|delivery|basket|filters?|actions?|"
    r"open|closed?|toggle|navigation|breadcrumb|clear|cancel|continue|previous|next|remove|add|view|oscar)\b",
    re.IGNORECASE,
)


@dataclass
class Buyer:
    """A browser in the shop."""

    web: object
    base: str

    def get(self, path):
        """Ask for a page."""
        return self.web.get(self.base + path)

    def post(self, path, data, form=None):
        """Send the form that stands at ``form``, or at the path itself, as a browser would."""
        page = self.get(form or path)
        token = TOKEN.search(page.text)
        assert token, f"{form or path} answers {page.status_code} without a form"
        headers = {"Referer": self.base + path, "Origin": self.base}
        return self.web.post(self.base + path, data={**data, "csrfmiddlewaretoken": token[1]}, headers=headers)


@dataclass(frozen=True)
class Order:
    """A placed order: its number, the buyer's e-mail address, the confirmation page."""

    number: str
    email: str
    page: str


@pytest.fixture
def buyer(web, web_address):
    """Open the shop in a browser."""
    return Buyer(web, web_address)


def place_order(buyer):
    """Order the first product as a guest whose address ends in ``.invalid``, which marks the order as a test."""
    email = f"kiem-tra-{random.token_hex(4)}@example.invalid"
    product = re.search(r'action="(/basket/add/\d+/)"', buyer.get("/catalogue/").text)
    if product is None:
        pytest.skip("cửa hàng không còn hàng để bán | the shop has nothing in stock")
    buyer.post(product[1], {"quantity": "2"}, form="/catalogue/")
    buyer.post("/checkout/", {"username": email, "options": "anonymous"})
    address = {
        "first_name": "Kiểm tra tự động",
        "phone_number": "0912 345 678",
        "province": "Tỉnh Ninh Bình",
        "commune": "14701",
        "line1": "Thôn thử nghiệm",
    }
    buyer.post("/checkout/shipping-address/", address)
    buyer.post("/checkout/shipping-method/", {"method_code": "country"})
    if (choice := buyer.get("/checkout/payment-method/")).status_code == 200:
        buyer.post("/checkout/payment-method/", {"method": "vietqr" if 'value="vietqr"' in choice.text else "cod"})
    buyer.post("/checkout/preview/", {"action": "place_order"})
    page = buyer.get("/checkout/thank-you/")
    number = re.search(r'id="order-number">(\d+)<', page.text)
    assert number, f"no confirmation: the shop answers {page.status_code}"
    return Order(number[1], email, page.text)


@pytest.fixture
def order(buyer, host):
    """Place an order, and remove it at the end."""
    yield place_order(buyer)
    removed = host.run(f"{MANAGE} remove_test_orders")
    assert removed.rc == 0, "the test order was not removed"


def log_in(buyer, secrets):
    """Log in as the sales staff."""
    answer = buyer.post("/dashboard/login/", {"username": "nhanvien", "password": secrets("staff_password")})
    assert answer.status_code == 302, "the staff's account cannot log in"


def qr_text(page):
    """Return what a phone reads from the page's QR code."""
    picture = re.search(r'<img src="data:image/png;base64,([^"]+)"', page)
    assert picture, "there is no QR code on the page"
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(base64.b64decode(picture[1]))))
    return code.text


def visible(page):
    """Return the words of a page that a reader sees, or hears from a screen reader."""
    text = re.sub(r"<(script|style|svg|textarea)\b.*?</\1>|<!--.*?-->", " ", page, flags=re.DOTALL)
    spoken = re.findall(r'\b(?:title|aria-label|alt|placeholder|data-loading-text)="([^"]*)"', text)
    return html.unescape("\n".join([re.sub(r"<[^>]+>", "\n", text), *spoken]))


def links(path, page):
    """Return the addresses in the dashboard that a page links to."""
    found = (urljoin(path, html.unescape(link)) for link in re.findall(r'href="([^"#]+)"', page))
    return [link for link in found if link.startswith("/dashboard/")]


def crawl(buyer, start, depth):
    """Open what can be reached by ``depth`` clicks, one page of those whose addresses differ in numbers only.

    Yields each page that answers, by its address; asserts that none fails. A page that the staff may not open is left.
    """
    todo, known = deque([(start, 0)]), {start}
    while todo:
        path, clicks = todo.popleft()
        page = buyer.get(path)
        assert page.status_code in {200, 302, 403}, f"{path} answers {page.status_code}"
        if page.status_code == 200 and "html" in page.headers["content-type"]:
            yield path, page.text
        for link in links(path, page.text) if clicks < depth else ():
            if (shape := re.sub(r"\d+", "0", link)) not in known:
                known.add(shape)
                todo.append((link, clicks + 1))


@pytest.mark.flow
@pytest.mark.title(
    vi="Khách đặt mua mật ong và thấy trang xác nhận", en="A guest orders honey and sees the confirmation"
)
def test_guest_orders_honey(order):
    """A guest orders honey and sees the confirmation."""
    assert "Cảm ơn bạn đã đặt hàng" in order.page
    assert "Xã Yên Mô" in order.page
    assert re.search(r"\d{2,3}(\.\d{3})+\s₫", order.page), "no price in đồng"


@pytest.mark.flow
@pytest.mark.title(
    vi="Mã VietQR đọc được và đúng tài khoản, số tiền, nội dung",
    en="The VietQR code reads back with account, amount and purpose",
)
def test_transfer(order, commune):
    """The VietQR code reads back with account, amount and purpose."""
    if not commune.get("cooperative_shop_bank_account"):
        pytest.skip("hồ sơ không khai tài khoản ngân hàng | the profile names no bank account")
    spec = importlib.util.spec_from_file_location("vietqr", APP / "shop" / "vietqr.py")
    vietqr = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vietqr)
    fields = vietqr.read(qr_text(order.page))

    assert fields["38.01.00"] == commune["cooperative_shop_bank_bin"]
    assert fields["38.01.01"] == commune["cooperative_shop_bank_account"]
    assert f"{int(fields['54']):,} ₫".replace(",", ".") in order.page.replace("\xa0", " ")
    assert fields["62.08"] == f"DH {order.number}"


@pytest.mark.flow
@pytest.mark.title(vi="Nhân viên thấy đơn hàng trong danh sách", en="The staff see the order in their list")
def test_staff_sees_order(order, buyer, secrets):
    """The staff see the order in their list."""
    log_in(buyer, secrets)
    page = buyer.get(f"/dashboard/orders/?order_number={order.number}&response_format=html")
    detail = buyer.get(f"/dashboard/orders/{order.number}/")

    assert order.email in page.text + detail.text
    assert "Kiểm tra tự động" in detail.text


@pytest.mark.flow
@pytest.mark.title(vi="Thư xác nhận nằm trong hàng đợi", en="The confirmation e-mail is queued")
def test_confirmation_is_queued(order, host):
    """The confirmation e-mail is queued."""
    mail = host.run(f"{MANAGE} list_mail %s", order.email)

    assert mail.stdout.startswith(f"queued\tXác nhận đơn hàng {order.number}"), mail.stdout


@pytest.mark.flow
@pytest.mark.title(
    vi="Đơn hàng thử được gỡ bỏ, tồn kho được trả lại", en="A test order is removed and its stock given back"
)
def test_order_is_removed(order, host):
    """A test order is removed and its stock given back."""
    with host.sudo("postgres"):
        psql = "psql --no-psqlrc --tuples-only --no-align --dbname=cooperative_shop --command=%s"
        allocated = "SELECT coalesce(sum(num_allocated), 0) FROM partner_stockrecord"
        before = int(host.run(psql, allocated).stdout)
    host.run(f"{MANAGE} remove_test_orders")
    with host.sudo("postgres"):
        after = int(host.run(psql, allocated).stdout)
        left = host.run(psql, f"SELECT count(*) FROM order_order WHERE number = '{order.number}'").stdout.strip()

    assert left == "0"
    assert before - after >= 2


@pytest.mark.flow
@pytest.mark.title(vi="Trang của người mua bằng tiếng Việt", en="Buyers' pages are in Vietnamese")
def test_pages_are_vietnamese(buyer):
    """Buyers' pages are in Vietnamese."""
    found = {}
    for path in ("/", "/catalogue/", "/basket/", "/help/", "/dashboard/login/"):
        page = buyer.get(path)
        assert page.status_code == 200, f"{path} answers {page.status_code}"
        found[path] = ENGLISH.findall(visible(page.text))

    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.flow
@pytest.mark.title(
    vi="Mọi trang của nhân viên mở được và bằng tiếng Việt", en="All of the staff's pages open, and are in Vietnamese"
)
@pytest.mark.usefixtures("order")
def test_dashboard(buyer, secrets):
    """All of the staff's pages open, and are in Vietnamese."""
    log_in(buyer, secrets)
    found = {path: ENGLISH.findall(visible(page)) for path, page in crawl(buyer, "/dashboard/", 2)}

    assert {"/dashboard/orders/", "/dashboard/catalogue/", "/dashboard/reports/"} <= found.keys()
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.flow
@pytest.mark.title(vi="Sai mật khẩu nhiều lần thì bị khóa", en="Wrong passwords lock an account")
def test_wrong_passwords_lock(buyer, host):
    """Wrong passwords lock an account."""
    wrong = {"username": f"kiem-tra-{random.token_hex(4)}@example.invalid", "password": random.token_hex(8)}
    tried = [buyer.post("/dashboard/login/", wrong).status_code for _ in range(6)]
    removed = host.run(f"{MANAGE} remove_test_orders")

    assert tried[:4] == [200] * 4
    assert tried[-1] == 429
    assert removed.rc == 0


@pytest.mark.flow
@pytest.mark.title(vi="Danh mục xuất cho sàn và mạng xã hội đọc được", en="The product feed can be imported")
def test_feed(buyer):
    """The product feed can be imported."""
    if "<h3><a href=" not in buyer.get("/catalogue/").text:
        pytest.skip("cửa hàng chưa có sản phẩm | the shop has no products yet")
    rss, table = buyer.get("/feed/products.xml"), buyer.get("/feed/products.csv")
    items = rss.text.count("<item>")

    assert rss.headers["content-type"].startswith("application/rss+xml")
    assert items > 0
    assert re.search(r"<g:price>\d+ VND</g:price>", rss.text)
    assert table.text.lstrip("\ufeff").startswith("id,title,description,link,image_link,availability,price")
    assert len(table.text.strip().splitlines()) >= items + 1


@pytest.mark.flow
@pytest.mark.title(vi="Trình duyệt được dặn giữ an toàn", en="Browsers are told to keep the shop safe")
def test_headers(buyer):
    """Browsers are told to keep the shop safe."""
    page = buyer.get("/accounts/login/")
    cookies = page.headers.get_list("set-cookie")

    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["strict-transport-security"].startswith("max-age=")
    assert cookies
    assert all("secure" in cookie.lower() and "samesite" in cookie.lower() for cookie in cookies)
