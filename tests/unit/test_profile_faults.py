"""Broken profiles: one file a case in ``profiles/``, whose first line says which faults must be told at which lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.errors import ProfileErrors
from smartcommune.profile.loader import load_profile

CASES = sorted((Path(__file__).parent / "profiles").glob("*.yml"))


@pytest.fixture(scope="module")
def catalogue():
    """The roles' own catalogue."""
    return load_catalogue()


def faults_of(path, catalogue):
    """Return the faults of a file."""
    try:
        load_profile(path, catalogue)
    except ProfileErrors as error:
        return error.errors
    return ()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_fault_is_told_at_its_line(path, catalogue):
    """Exactly the faults of the case's first line are told, each at its line, and rendered in both languages."""
    head = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!")
    expected = sorted((int(mark.split()[0]), mark.split()[1]) for mark in head.split(";") if mark.strip())
    faults = faults_of(path, catalogue)

    assert sorted((fault.line, fault.code) for fault in faults) == expected
    for fault in faults:
        assert fault.file.endswith(path.name)
        for language in ("vi", "en"):
            assert f"{path.name}:{fault.line}:{fault.column}: " in fault.render(language)
        assert fault.found.vi
        assert fault.expected.en
        assert fault.todo.vi


SUGGESTIONS = {
    "octal_code": '"01969"',
    "code_of_old_commune": '"01969"',
    "code_unknown": '"01969" (Phủ Thông, Thái Nguyên)',
    "required_key_mistyped": "name",
    "unit_unknown": "8 GiB",
    "unit_missing": "30 Mbit/s",
    "kind_unknown": "gateway",
    "zone_unknown": "server",
    "component_unknown": "production",
    "service_unknown": "traceability",
    "service_of_foundation": "foundation.postgresql",
    "host_name_with_blank": "gateway-1",
    "option_unknown": "products",
    "option_octal": '"0209123456"',
    "pin_unknown": "server-1",
    "file_missing": "data/products.csv",
    "target_unknown": "lab",
    "target_host_unknown": "server-1",
    "network_wrong_size": "10.20.0.0/21",
    "network_not_aligned": "10.20.0.0/21",
    "name_with_kind": "Phủ Thông",
}


@pytest.mark.parametrize(("case", "suggestion"), SUGGESTIONS.items())
def test_near_misses_are_suggested(case, suggestion, catalogue):
    """What was probably meant is suggested: keys, services, hosts, units, codes, files."""
    (fault,) = faults_of(Path(__file__).parent / "profiles" / f"{case}.yml", catalogue)

    assert fault.suggestion == suggestion
    assert suggestion in fault.render("vi")


def test_a_key_in_the_wrong_group_is_sent_to_the_right_one(catalogue):
    """A key that exists elsewhere is told where it belongs."""
    (fault,) = faults_of(Path(__file__).parent / "profiles" / "key_in_wrong_group.yml", catalogue)

    assert "link" in fault.todo.en


def test_a_service_in_the_wrong_component_names_the_right_one(catalogue):
    """A service under another component is told the component it belongs to."""
    faults = faults_of(Path(__file__).parent / "profiles" / "service_in_wrong_component.yml", catalogue)

    assert {fault.suggestion for fault in faults} == {
        "components.production.cooperative_shop",
        "components.production.traceability",
    }


def test_errors_are_plain_data_for_programs(catalogue):
    """The faults of one file become dicts, lists and scalars with both languages, in the order of the file."""
    path = Path(__file__).parent / "profiles" / "many_faults.yml"
    with pytest.raises(ProfileErrors) as caught:
        load_profile(path, catalogue)
    plain = caught.value.to_plain()

    assert [item["line"] for item in plain] == sorted(item["line"] for item in plain)
    assert plain[0]["key"] == "commune.code"
    assert plain[0]["message"].keys() == {"vi", "en"}
    assert caught.value.exit_code == 2
    assert caught.value.render("vi").endswith("6 lỗi trong hồ sơ xã; chưa có gì bị thay đổi")
