"""What a phone on a thin link has to fetch: small pages, packed static files that are kept, pictures that are kept."""

import re

import pytest

PAGE = 60_000  # bytes of a page itself, which is never packed
FIRST = 300_000  # bytes of the first page with what the first screen needs
PICTURES = 6  # on the first screen of a phone; the others come when they are scrolled to
PAGES = ("/", "/catalogue/", "/basket/", "/help/", "/accounts/login/", "/search/?q=a", "/khong-co-trang-nay/")
FILE = re.compile(r'(?:src|href)="(/(?:static|media)/[^"]+)"')


@pytest.fixture
def fetch(web, web_address):
    """Return a function that fetches an address of the shop as a phone does."""

    def get(path):
        with web.stream("GET", f"{web_address}{path}", headers={"accept-encoding": "gzip"}) as answer:
            sent = sum(len(part) for part in answer.iter_raw())
            return answer, sent

    return get


@pytest.mark.flow
@pytest.mark.title(vi="Trang nhẹ, mở được trên đường truyền yếu", en="Pages are light enough for a weak link")
@pytest.mark.parametrize("path", PAGES)
def test_page_is_light(fetch, path):
    """Pages are light enough for a weak link."""
    _, sent = fetch(path)

    assert 1000 < sent < PAGE


@pytest.mark.flow
@pytest.mark.title(
    vi="Màn hình đầu tiên dưới 300 kB, tính cả hình", en="The first screen takes less than 300 kB, pictures included"
)
def test_first_screen_is_light(web, fetch, web_address):
    """The first screen takes less than 300 kB, pictures included."""
    page = web.get(f"{web_address}/")
    files = list(dict.fromkeys(FILE.findall(page.text)))
    static = [path for path in files if path.startswith("/static/")]
    pictures = [path for path in files if path.startswith("/media/")][:PICTURES]
    sizes = {path: fetch(path)[1] for path in (*static, *pictures)}

    assert static
    assert len(page.content) + sum(sizes.values()) < FIRST


@pytest.mark.flow
@pytest.mark.title(
    vi="Tệp tĩnh được nén và giữ lại; hình được giữ lại", en="Static files are packed and kept, pictures are kept"
)
def test_files_are_kept(web, fetch, web_address):
    """Static files are packed and kept, pictures are kept."""
    text = web.get(f"{web_address}/").text
    styles, pictures = re.findall(r'href="(/static/[^"]+\.css)"', text), re.findall(r'src="(/media/[^"]+)"', text)
    answers = {path: fetch(path)[0].headers for path in (*styles, *pictures[:1])}

    assert styles
    assert all(answers[path]["content-encoding"] == "gzip" for path in styles)
    assert all(re.search(r"max-age=\d{6,}", headers["cache-control"]) for headers in answers.values())
