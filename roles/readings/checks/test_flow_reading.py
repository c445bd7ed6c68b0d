"""What a sensor and a citizen do: a reading goes the whole way and is removed; anybody may read the pages."""

import json

import pytest

PAGE_LIMIT = 50_000


def endpoint(commune):
    """Return the service's address."""
    (name,) = [each["name"] for each in commune["commune_endpoints"] if each["service"] == "readings"]
    return f"https://{name}"


@pytest.mark.flow
@pytest.mark.title(
    vi="Một số đo thử đi hết đường trong 5 giây, có đơn vị và cờ, rồi được gỡ đi",
    en="A test reading goes the whole way within 5 seconds, has unit and flag, and is removed",
)
def test_reading_goes_the_whole_way(host):
    """A test reading goes from the broker into the database within 5 seconds, and leaves nothing behind."""
    trial = json.loads(host.check_output("/usr/local/sbin/readings-manage trial"))

    assert trial["acknowledged"]
    assert trial["seconds"] < 5
    assert trial["row"] == [99.0, "°C", ["out_of_range"]]
    assert trial["removed"] == 1


@pytest.mark.flow
@pytest.mark.title(vi="Ai cũng xem được số đo mới nhất và nhật ký cảnh báo", en="Anybody may read the pages")
@pytest.mark.parametrize(
    ("path", "words"), [("/", ("Quan trắc", "Readings")), ("/canh-bao", ("Nhật ký cảnh báo", "Log of alerts"))]
)
def test_pages_are_read(web, commune, path, words):
    """Latest readings and alerts in both languages, small and without scripts."""
    for language, word in zip(("vi", "en"), words, strict=True):
        page = web.get(endpoint(commune) + path, headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert word in page.text
        assert len(page.content) < PAGE_LIMIT
        assert "<script" not in page.text


@pytest.mark.flow
@pytest.mark.title(vi="Mỗi cảm biến có trang riêng", en="Each sensor has its page")
def test_sensors_have_pages(web, commune):
    """Each declared sensor has a page; the test sensor has none."""
    rows = [
        row for grant in commune.get("readings_grants", []) for row in (grant["options"] or {}).get("sensors") or []
    ]

    for row in rows:
        page = web.get(f"{endpoint(commune)}/cam-bien/{row['id']}")
        assert page.status_code == 200
        assert len(page.content) < PAGE_LIMIT
    assert web.get(f"{endpoint(commune)}/cam-bien/kiem-tra").status_code == 404
