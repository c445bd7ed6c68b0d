"""Words of pages and notices in both languages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

HERE = timezone(timedelta(hours=7), "+07")
TEXTS: dict[str, dict[str, str]] = {
    "vi": {
        "title": "Quan trắc",
        "of": "Số đo ao nuôi, thời tiết, đất và nước của",
        "latest": "Số đo mới nhất",
        "alerts": "Nhật ký cảnh báo",
        "none": "Chưa có số đo nào.",
        "no_alerts": "Chưa có cảnh báo nào.",
        "waiting": "chưa có số đo",
        "place": "Nơi đặt",
        "value": "Giá trị",
        "time": "Lúc",
        "remark": "Ghi chú",
        "day": "24 giờ qua",
        "limits": "Ngưỡng",
        "source": "Nguồn của ngưỡng",
        "low": "thấp hơn ngưỡng",
        "high": "cao hơn ngưỡng",
        "flat_line": "đứng yên, đầu đo có thể bị bẩn",
        "silent": "cảm biến im lặng",
        "out_of_range": "ngoài khoảng đo được",
        "spike": "nhảy vọt",
        "late": "đến muộn",
        "missing": "thiếu số đo trước đó",
        "ahead": "đồng hồ sai",
        "began": "bắt đầu",
        "ended": "hết",
        "standing": "đang diễn ra",
        "not_found": "Không có trang này",
        "other": "English",
        "bound": "ngưỡng",
    },
    "en": {
        "title": "Readings",
        "of": "Readings of ponds, weather, soil and water of",
        "latest": "Latest readings",
        "alerts": "Log of alerts",
        "none": "There is no reading yet.",
        "no_alerts": "There was no alert yet.",
        "waiting": "no reading yet",
        "place": "Place",
        "value": "Value",
        "time": "At",
        "remark": "Remark",
        "day": "Last 24 hours",
        "limits": "Limits",
        "source": "Source of the limits",
        "low": "below the limit",
        "high": "above the limit",
        "flat_line": "stands still, the probe may be fouled",
        "silent": "the sensor is silent",
        "out_of_range": "outside of what can be measured",
        "spike": "a jump",
        "late": "came late",
        "missing": "readings before it are missing",
        "ahead": "a clock is wrong",
        "began": "began",
        "ended": "ended",
        "standing": "goes on",
        "not_found": "There is no such page",
        "other": "Tiếng Việt",
        "bound": "limit",
    },
}


def choose_language(asked: str | None, accepted: str) -> str:
    """Return ``vi`` or ``en``: what the address asks for, else what the browser names first, else Vietnamese."""
    if asked in TEXTS:
        return str(asked)
    for word in accepted.lower().split(","):
        name = word.split(";")[0].strip()[:2]
        if name in TEXTS:
            return name
    return "vi"


def number(value: float, language: str) -> str:
    """Return a value as people write it: at most two places, the comma in Vietnamese."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text.replace(".", ",") if language == "vi" else text


def moment(time: datetime) -> str:
    """Return a time of Viet Nam."""
    return f"{time.astimezone(HERE):%d/%m/%Y %H:%M}"


def quantity_title(settings: dict[str, Any], quantity: str, language: str) -> str:
    """Return what a quantity is called."""
    titles = settings["quantities"].get(quantity)
    return str(titles[language]) if titles else quantity
