"""Control groups: found on v1, hybrid and v2, and read and set in each one's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcommune.lab import cgroup
from smartcommune.lab.cgroup import Hierarchy

_HYBRID = """\
30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
34 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 30 0:31 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw
"""
_V2 = "30 25 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MEMORY = frozenset({"memory"})


def test_the_hierarchies_that_matter_are_found():
    """On a hybrid system these are systemd's, v2, and the controllers a machine is limited by."""
    found = {item.mount.name: item for item in cgroup.hierarchies(_HYBRID)}
    assert set(found) == {"systemd", "memory", "cpu,cpuacct", "unified"}
    assert [name for name, item in found.items() if item.nested] == ["systemd", "unified"]


def test_v2_alone_is_found():
    """A system with v2 only has one hierarchy."""
    assert cgroup.hierarchies(_V2) == [Hierarchy(Path("/sys/fs/cgroup"), "/", frozenset())]


def test_only_a_groups_own_unit_counts(monkeypatch, tmp_path):
    """A hierarchy in which the process shares a group with others gives none: killing it would kill them."""
    monkeypatch.setattr(cgroup, "hierarchies", lambda: cgroup_list)
    memory = Hierarchy(Path("/cg/memory"), "/", V1_MEMORY)
    unified = Hierarchy(Path("/cg/unified"), "/", frozenset())
    cgroup_list = [memory, unified]
    text = "4:memory:/system.slice\n0::/system.slice/sc-lab-x.service/launcher\n"
    monkeypatch.setattr(Path, "read_text", lambda _self: text)
    assert cgroup.of_unit(1, "sc-lab-x") == {unified: Path("/cg/unified/system.slice/sc-lab-x.service")}


@pytest.mark.parametrize(
    ("controllers", "files", "limit_file"),
    [
        (V1_MEMORY, {"memory.limit_in_bytes": "9223372036854771712\n"}, "memory.limit_in_bytes"),
        (frozenset(), {"memory.max": "max\n"}, "memory.max"),
    ],
    ids=["v1", "v2"],
)
def test_memory_is_limited_in_either_version(tmp_path, controllers, files, limit_file):
    """No limit reads as 0, a limit set is read back, and 0 takes it away."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    tops = {Hierarchy(tmp_path, "/", controllers): tmp_path}
    assert cgroup.memory_limit(tops) == 0
    assert cgroup.set_memory(tops, 512 << 20)
    assert cgroup.memory_limit(tops) == 512 << 20
    assert cgroup.set_memory(tops, 0)
    assert (tmp_path / limit_file).read_text() == ("-1" if controllers else "max")


def test_without_a_memory_controller_nothing_is_promised(tmp_path):
    """Where no limit can be set that is said, and nothing is counted."""
    tops = {Hierarchy(tmp_path, "/", frozenset()): tmp_path}
    assert not cgroup.set_memory(tops, 1 << 30)
    assert cgroup.memory_limit(tops) is None
    assert cgroup.memory_used(tops) is None


def test_memory_used_leaves_out_cache_that_can_go(tmp_path):
    """File cache that the kernel can drop is not use."""
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "memory.stat").write_text("anon 300000\ninactive_file 600000\n")
    assert cgroup.memory_used({Hierarchy(tmp_path, "/", frozenset()): tmp_path}) == 400000


def test_processes_are_collected_over_subgroups(tmp_path):
    """All processes of a machine count, in whatever group below its own."""
    (tmp_path / "machine" / "payload").mkdir(parents=True)
    (tmp_path / "cgroup.procs").write_text("10\n")
    (tmp_path / "machine" / "payload" / "cgroup.procs").write_text("11\n12\n")
    assert cgroup.pids({Hierarchy(tmp_path, "/", V1_MEMORY): tmp_path}) == {10, 11, 12}


def test_a_read_only_hierarchy_is_left_out(tmp_path):
    """What may not be entered is reported, not fatal: in a container some hierarchies are read-only."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    refused = cgroup.enter({Hierarchy(tmp_path, "/", V1_MEMORY): blocker / "lab" / "server-1"})
    assert len(refused) == 1
    assert refused[0].startswith(tmp_path.name)
