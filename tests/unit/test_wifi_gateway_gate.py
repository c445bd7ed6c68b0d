"""Who is let out to the Internet from the citizens' Wi-Fi, until when, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.wifi_app import ADDRESS, MAC, NOON, OTHER, World

DAY = 86400


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A gate with one device that has an address."""
    made = World(tmp_path)
    yield made
    made.close()


def test_a_new_device_is_not_let_out(world: World) -> None:
    """Who has not accepted the terms is not among those let out."""
    assert world.ask("status")["state"] == "new"
    assert world.devices == set()


def test_accepting_lets_out_for_a_session(world: World) -> None:
    """Who accepts is let out, for as long as a session lasts and no longer."""
    assert world.accept() == {"state": "in", "seconds": 7200, "bytes": 1000}
    assert world.devices == {MAC}
    world.clock.now += 7200
    world.gate.tick()

    assert world.ask("status")["state"] == "unknown"  # the lease is over too
    assert world.devices == set()
    assert world.store.sessions() == []


@pytest.mark.parametrize(
    "question",
    [
        {"ask": "accept", "address": ADDRESS, "terms": "old"},
        {"ask": "accept", "address": "10.20.4.101", "terms": "abc"},
        {"ask": "accept", "address": "10.20.2.7", "terms": "abc"},
        {"ask": "accept", "address": "x", "terms": "abc"},
        {"ask": "accept", "terms": "abc"},
        {"ask": "vouchers", "address": ADDRESS},
        {"ask": "accept", "address": ADDRESS, "terms": "abc", "mac": OTHER},
    ],
)
def test_other_questions_let_nobody_out(world: World, question: dict[str, object]) -> None:
    """Old terms, an address without a lease, of another zone or none, and words outside the grammar let nobody out."""
    assert world.gate.answer(question)["state"] != "in"
    assert world.sets.out == {}


def test_an_address_of_another_device_is_not_taken(world: World) -> None:
    """A device that took another one's address is not let out by it, nor is the owner."""
    world.neighbours[ADDRESS] = OTHER

    assert world.accept()["state"] == "unknown"
    assert world.devices == set()


def test_sessions_survive_a_restart(world: World) -> None:
    """After a restart with the kernel's sets empty, devices are let out again with the time that is left."""
    world.accept()
    world.clock.now += 3000
    world.sets.out.clear()
    world.start()

    (entry,) = world.sets.read().values()
    assert entry.seconds == 4200  # type: ignore[attr-defined]


def test_a_clock_gone_wrong_gives_no_longer_session(world: World) -> None:
    """With a clock that went back for days a session does not last longer than a whole one."""
    world.accept()
    world.clock.now -= 3 * DAY
    world.sets.out.clear()
    world.gate.tick()

    (entry,) = world.sets.read().values()
    assert entry.seconds == 7200  # type: ignore[attr-defined]


def test_a_strange_entry_is_removed(world: World) -> None:
    """Who was let out by hand is let out no longer."""
    world.sets.write(f"add element inet commune_wifi accepted {{ {OTHER} . 10.20.4.9 timeout 60s }}\n")
    world.gate.tick()

    assert world.devices == set()


def test_a_device_keeps_its_session_at_a_new_address(world: World) -> None:
    """A device that gets another address is let out with it, and not with the old one."""
    world.accept()
    world.give("10.20.4.120", MAC)
    world.neighbours = {"10.20.4.120": MAC}
    world.gate.tick()

    assert [device.address for device in world.sets.read()] == ["10.20.4.120"]  # type: ignore[attr-defined]
    assert world.ask("status", "10.20.4.120")["state"] == "in"


def test_new_terms_have_to_be_accepted(world: World) -> None:
    """After the terms changed nobody is let out until they accept again."""
    world.accept()
    world.changes["terms_version"] = "def"
    world.start()

    assert world.devices == set()
    assert world.accept()["fault"] == "terms"
    assert world.accept(terms="def")["state"] == "in"


def test_volume_of_the_day(world: World) -> None:
    """Who moved the day's volume is not let out before the next day, also after a restart, and then is again."""
    world.accept()
    world.sets.move(300, 600)
    world.gate.tick()
    assert world.ask("status")["bytes"] == 100
    world.sets.move(0, 200)
    world.gate.tick()

    assert world.devices == set()
    assert world.accept() == {"state": "spent", "seconds": 43200, "bytes": 0}
    world.gate.stop()
    world.start()
    assert world.accept()["state"] == "spent"
    world.clock.now += 43200
    world.give(ADDRESS, MAC)
    assert world.accept()["state"] == "in"


def test_volume_is_counted_once(world: World) -> None:
    """What was counted before a new acceptance, which sets the kernel's counters back, is neither lost nor doubled."""
    world.accept()
    world.sets.move(100, 100)
    world.accept()
    world.gate.tick()
    world.sets.move(50, 0)
    world.gate.tick()

    assert world.ask("status")["bytes"] == 750


def test_without_a_table_it_is_told_and_mended(world: World) -> None:
    """While the kernel lacks the table the keeper says so, keeps acceptances, and lets out once it is there."""
    world.sets.broken = True
    world.accept()
    world.gate.tick()
    assert world.gate.fault == "no such table"
    world.sets.broken = False
    world.gate.tick()

    assert world.gate.fault == ""
    assert world.devices == {MAC}


def test_vouchers(world: World) -> None:
    """With vouchers a right code lets as many devices out as it is for, written as people write it; none else."""
    world.changes["vouchers"] = True
    world.start()
    (code,) = world.store.make_vouchers(1, world.clock(), days=2, devices=1)
    world.give("10.20.4.101", OTHER)
    world.neighbours["10.20.4.101"] = OTHER

    assert world.accept()["fault"] == "code"
    assert world.accept(code=f" {code[:5].upper()}-{code[5:]}")["state"] == "in"
    assert world.accept("10.20.4.101", code=code)["fault"] == "code"
    assert world.accept(code=code)["state"] == "in"
    assert code not in (world.folder / "wifi.db").read_bytes().decode(errors="replace")
    world.clock.now += 2 * DAY
    world.give(ADDRESS, MAC)
    assert world.accept(code=code)["fault"] == "code"


def test_codes_cannot_be_guessed(world: World) -> None:
    """After five wrong codes a device has to wait, with the right one too; later it may try again."""
    world.changes["vouchers"] = True
    world.start()
    (code,) = world.store.make_vouchers(1, world.clock(), days=2, devices=1)
    answers = [world.accept(code="2345678923")["fault"] for _ in range(6)]

    assert answers == ["code"] * 5 + ["wait"]
    assert world.accept(code=code)["fault"] == "wait"
    world.clock.now += 601
    assert world.accept(code=code)["state"] == "in"


def test_log_tells_who_had_an_address(world: World) -> None:
    """The log has one entry a device and address, from the first lease to the end of the last, with acceptances."""
    world.accept()
    world.clock.now += 1800
    world.give(ADDRESS, MAC)  # renewed
    world.gate.tick()
    world.clock.now += 600
    world.give(ADDRESS, MAC, 0)  # given back
    world.gate.tick()
    world.clock.now += 60
    world.give(ADDRESS, OTHER)
    world.give("10.20.2.50", OTHER)  # the office's
    world.gate.tick()

    first, second = world.store.log()
    assert [first[key] for key in ("mac", "since", "until")] == [MAC, NOON, NOON + 2400]
    assert [session["accepted"] for session in first["sessions"]] == [NOON]  # type: ignore[attr-defined]
    assert [second[key] for key in ("mac", "since")] == [OTHER, NOON + 2460]
    assert [entry["mac"] for entry in world.store.log(ADDRESS, at=NOON + 100)] == [MAC]


def test_log_is_read_on_after_the_file_was_tidied_up(world: World) -> None:
    """When the DHCP server begins a new file, what it wrote meanwhile is in the log, nothing twice."""
    world.leases.rename(f"{world.leases}.2")
    with Path(f"{world.leases}.2").open("a", encoding="utf-8") as file:
        file.write(f"10.20.4.101,{OTHER},,3600,{NOON + 3600},1,0,0,,0,,0\n")
    world.leases.write_text("address,hwaddr\n", encoding="utf-8")
    world.gate.tick()
    world.start()

    assert [entry["mac"] for entry in world.store.log()] == [MAC, OTHER]


def test_a_line_that_is_being_written_waits(world: World) -> None:
    """Half a line of the DHCP server's file is not read before it is whole."""
    whole = f"10.20.4.101,{OTHER},,3600,{NOON + 3600},1,0,0,,0,,0\n"
    with world.leases.open("a", encoding="utf-8") as file:
        file.write(whole[:30])
    world.gate.tick()
    assert len(world.store.log()) == 1
    with world.leases.open("a", encoding="utf-8") as file:
        file.write(whole[30:])
    world.gate.tick()

    assert len(world.store.log()) == 2


def test_old_entries_are_deleted(world: World) -> None:
    """What ended longer ago than the log is kept is deleted, in the file too; the rest stays."""
    world.accept()
    world.clock.now += 31 * DAY
    world.give("10.20.4.101", OTHER)
    world.gate.tick()
    world.clock.now += 7201

    assert world.store.prune(world.clock(), 31) == 2
    assert [entry["mac"] for entry in world.store.log()] == [OTHER]
    assert MAC not in (world.folder / "wifi.db").read_bytes().decode(errors="replace")


def test_ended_by_staff(world: World) -> None:
    """A device that staff end is let out no longer."""
    world.accept()
    assert world.store.end_device(MAC, world.clock(), "by staff") == 1
    world.gate.tick()

    assert world.devices == set()
