"""What a buyer finds: products by words with marks, without them, and as some keyboards send them."""

import html
import re
import unicodedata

import pytest

PRODUCT = re.compile(r'<h3><a href="(/catalogue/[^"]+)">([^<]+)</a></h3>')


def listed(web, shop, path, **query):
    """Return the products on a page of the shop at ``shop``: title by address."""
    page = web.get(f"{shop}{path}", params=query)
    assert page.status_code == 200
    return {address: html.unescape(title) for address, title in PRODUCT.findall(page.text)}


def without_marks(text):
    """Return ``text`` as somebody types it who leaves the marks out."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


@pytest.fixture
def product(web, web_address):
    """Return address and title of a product with marks in its title."""
    products = listed(web, web_address, "/catalogue/")
    marked = {address: title for address, title in products.items() if without_marks(title) != title}
    if not marked:
        pytest.skip("cửa hàng chưa có sản phẩm | the shop has no products yet")
    return next(iter(marked.items()))


@pytest.mark.flow
@pytest.mark.title(
    vi="Tìm sản phẩm được dù gõ có dấu hay không dấu", en="Products are found by words with and without their marks"
)
@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(str, id="with-marks"),
        pytest.param(without_marks, id="without-marks"),
        pytest.param(lambda title: unicodedata.normalize("NFD", title), id="decomposed"),
        pytest.param(lambda title: without_marks(title).upper(), id="capitals"),
        pytest.param(lambda title: f"{title} khongcotrongcuahang", id="one-word-too-many"),
    ],
)
def test_product_is_found(web, web_address, product, typed):
    """Products are found by words with and without their marks."""
    address, title = product

    assert next(iter(listed(web, web_address, "/search/", q=typed(title))), None) == address


@pytest.mark.flow
@pytest.mark.title(vi="Tìm theo tên tiếng Anh", en="Products are found by their English names")
def test_english_name_is_found(web, web_address, product):
    """Products are found by their English names."""
    address, _ = product
    english = web.get(f"{web_address}{address}", cookies={"django_language": "en"}).text
    title = re.search(r"<h1>([^<]+)</h1>", english)
    assert title

    assert address in listed(web, web_address, "/search/", q=html.unescape(title[1]))


@pytest.mark.flow
@pytest.mark.title(
    vi="Từ không có thì không tìm thấy gì, mẩu của từ cũng vậy", en="Unknown words and parts of words find nothing"
)
@pytest.mark.parametrize("query", ["khongcotrongcuahang", "' | 'khongcotrongcuahang", "!", ""])
def test_nothing_is_found(web, web_address, query):
    """Unknown words and parts of words find nothing."""
    assert listed(web, web_address, "/search/", q=query) == {}
