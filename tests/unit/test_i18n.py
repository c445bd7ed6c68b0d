"""The choice of the language, and quantities as people write them."""

from __future__ import annotations

import pytest

from smartcommune.errors import UsageError
from smartcommune.i18n import choose_language


@pytest.mark.parametrize(
    ("option", "environ", "language"),
    [
        ("vi", {"LANG": "en_US.UTF-8"}, "vi"),
        ("EN", {"LANG": "vi_VN.UTF-8"}, "en"),
        (None, {"LANG": "vi_VN.UTF-8"}, "vi"),
        (None, {"LC_ALL": "C", "LANG": "vi_VN.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LC_MESSAGES": "vi_VN", "LANG": "C"}, "vi"),
        (None, {}, "en"),
    ],
)
def test_the_option_wins_over_the_locale(option, environ, language):
    """``--lang`` decides, else the first locale variable that is set, else English."""
    assert choose_language(option, environ) == language


def test_another_language_is_wrong_use():
    """A language that the toolkit does not have is told with those that it has."""
    with pytest.raises(UsageError) as caught:
        choose_language("fr", {})

    assert "--lang vi" in caught.value.todo.en
