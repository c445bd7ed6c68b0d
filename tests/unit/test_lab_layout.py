"""Names and places of a lab, and the files that must be whole."""

from __future__ import annotations

import threading

import pytest

from smartcommune.lab import layout as layout_module
from smartcommune.lab.layout import layout, link_of, load_json, machine_id, write_json


@pytest.mark.parametrize("name", ["server-1", "a", "gateway-of-the-hamlet", "x" * 31])
def test_links_fit_the_kernel(name):
    """A link's name has at most 15 characters, whatever the machine is called."""
    assert len(link_of(name)) <= 15
    assert link_of(name).startswith("vb-")
    router = {link_of(name, link) for link in ("wan", "wan2", "management", "edge", "host0")}
    assert len(router) == 5
    assert max(map(len, router)) <= 15


def test_long_names_stay_apart():
    """Two machines whose names begin alike have different links."""
    assert machine_id("gateway-hamlet-one") != machine_id("gateway-hamlet-two")


def test_everything_of_a_lab_is_called_after_it(tmp_path):
    """Namespace, units, marks and folders carry the profile's name."""
    place = layout("vi-huong", tmp_path)
    assert place.netns == "sc-vi-huong"
    assert place.unit("machine", "server-1") == "sc-lab-vi-huong-machine-server-1"
    assert place.mark("machine", "server-1") == f"{tmp_path}/lab/vi-huong:machine:server-1"
    assert place.machine("server-1") == tmp_path / "lab/vi-huong/machines/server-1"


def test_two_checkouts_have_their_own_groups(tmp_path):
    """The same profile in another checkout has another control group."""
    assert layout("vi-huong", tmp_path / "a").cgroup_name != layout("vi-huong", tmp_path / "b").cgroup_name


def test_json_is_whole_or_absent(tmp_path):
    """What was written is read back; a missing, empty or half file reads as nothing."""
    path = tmp_path / "record.json"
    assert load_json(path) is None
    write_json(path, {"name": "Phủ Thông"})
    assert load_json(path) == {"name": "Phủ Thông"}
    assert [item.name for item in tmp_path.iterdir()] == ["record.json"]
    path.write_text('{"name": ')
    assert load_json(path) is None


def test_a_lock_keeps_threads_apart(tmp_path):
    """The second holder of a lock waits for the first, also in one process."""
    place = layout("vi-huong", tmp_path)
    order = []

    def second() -> None:
        with place.lock("machine-server-1"):
            order.append("second")

    with place.lock("machine-server-1"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert layout_module.NETNS.as_posix() == "/run/netns"
