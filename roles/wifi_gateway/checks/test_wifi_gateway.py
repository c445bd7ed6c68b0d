"""Checks of the citizens' Wi-Fi: its rules, its programs and its log."""

from __future__ import annotations

import pytest


@pytest.mark.title(vi="Chỉ trang chào mở cho máy lạ", en="The rules of the citizens' Wi-Fi are loaded")
def test_rules_are_loaded(host):
    """The rules of the citizens' Wi-Fi are loaded."""
    assert "inet commune_wifi" in host.check_output("nft list tables")
