"""The gateway's outbox and sender: what was accepted arrives once, whatever is lost or repeated on the way."""

from __future__ import annotations

import json
import random

import pytest

from tests.unit.ingest_double import IngestDouble
from tests.unit.sensor_app import ROLE

assert ROLE.is_dir()

from sensor_gateway import sender as sending  # noqa: E402
from sensor_gateway.outbox import Delivery, FullError, Outbox  # noqa: E402
from sensor_gateway.readings import Reading  # noqa: E402
from sensor_gateway.sender import Sender  # noqa: E402

LIMIT = 2**20


def reading(value=6.5, sensor="ao-1", time=1_795_559_000_000):
    """Return one reading of oxygen."""
    return Reading(sensor, "dissolved_oxygen", time, value, value, "mg/L")


@pytest.fixture
def outbox(tmp_path):
    """An outbox on the disk."""
    box = Outbox(tmp_path / "outbox.db", limit=LIMIT)
    yield box
    box.close()


@pytest.fixture
def server():
    """The double of the server."""
    double = IngestDouble()
    yield double
    double.close()


def test_numbers_go_on_after_a_restart(tmp_path):
    """A new outbox begins at the present time in ms; numbers are consecutive, and go on when all rows are gone."""
    box = Outbox(tmp_path / "outbox.db", limit=LIMIT)
    first = box.accept([reading(), reading(7)])
    box.settle(first[1])
    box.close()
    box = Outbox(tmp_path / "outbox.db", limit=LIMIT)
    second = box.accept([reading(8)])
    box.close()

    assert first[0] > 1_700_000_000_000
    assert [*first, *second] == [first[0], first[0] + 1, first[0] + 2]


def test_what_the_broker_gives_again_counts_once(outbox):
    """A message given again after a kill is known by its number and content; another one of that number is new."""
    delivery = Delivery(7, again=False, topic="ao/1", payload=b"{}")

    assert len(outbox.accept([reading()], delivery=delivery)) == 1
    assert outbox.accept([reading()], delivery=Delivery(7, again=True, topic="ao/1", payload=b"{}")) == []
    assert len(outbox.accept([reading()], delivery=Delivery(7, again=True, topic="ao/1", payload=b"{ }"))) == 1
    assert len(outbox.accept([reading()], delivery=delivery)) == 1


def test_what_a_device_sends_twice_counts_once(outbox):
    """A message with the sensor's own time counts once a sensor, also under another number of the session."""
    twice = [outbox.accept([reading(), reading(7)], measured={"ao-1": 5}) for _ in range(2)]
    other = outbox.accept([reading(sensor="ao-2")], measured={"ao-2": 5})

    assert [len(each) for each in (*twice, other)] == [2, 0, 1]


def test_a_full_outbox_keeps_what_it_has(tmp_path):
    """At its limit it refuses what is new, whole, and goes on when there is room."""
    box = Outbox(tmp_path / "outbox.db", limit=64 * 1024)
    many = [reading(number) for number in range(500)]
    box.accept(many)
    box.accept(many)
    with pytest.raises(FullError):
        box.accept(many)
    held = box.size()[0]
    box.settle(box.size()[1] + held)

    assert held == 1000
    assert len(box.accept([reading()])) == 1
    box.close()


def test_a_backup_is_merged(tmp_path, outbox):
    """What a copy holds and the outbox does not comes back with its numbers; nothing that is there goes."""
    old = outbox.accept([reading(1), reading(2)])
    outbox.copy(tmp_path / "copy.db")
    outbox.settle(old[0])
    new = outbox.accept([reading(3)])

    assert outbox.merge(tmp_path / "copy.db") == 1
    assert [number for number, _ in outbox.batch(0, 10)] == [*old, *new]


def test_a_restored_backup_is_sent(tmp_path, outbox, server):
    """What another process merges below what was sent already is counted and sent, without a restart."""
    sent = []
    sender = Sender(outbox, sent.append)
    sender.link(up=True)
    old = outbox.accept([reading(1)])
    outbox.copy(tmp_path / "copy.db")
    outbox.settle(old[0])
    outbox.accept([reading(2)])
    sender.step()
    sender.acknowledge(server.take(sent[0]))
    assert (outbox.size()[0], sender.step()) == (0, False)

    other = Outbox(tmp_path / "outbox.db", limit=LIMIT)
    other.merge(tmp_path / "copy.db")
    other.close()
    assert outbox.size()[0] == 1
    assert sender.step()
    assert [each["sequence"] for each in json.loads(sent[1])["readings"]] == old


def test_nothing_is_handed_on_without_the_link(outbox):
    """While the bridge is down no batch is made; each time it comes up all that waits is sent, oldest first."""
    sent = []
    sender = Sender(outbox, sent.append)
    outbox.accept([reading(number) for number in range(300)])

    assert not sender.step()
    sender.link(up=True)
    while sender.step():
        pass
    assert [len(json.loads(each)["readings"]) for each in sent] == [200, 100]
    sender.link(up=False)
    sender.link(up=True)
    assert sender.step()
    assert json.loads(sent[2])["readings"][0] == json.loads(sent[0])["readings"][0]


def test_what_is_not_acknowledged_is_sent_again(outbox):
    """After the time-out the oldest is sent again; at most four batches are on their way."""
    now, sent = [0.0], []
    sender = Sender(outbox, sent.append, clock=lambda: now[0])
    outbox.accept([reading(number) for number in range(1000)])
    sender.link(up=True)
    while sender.step():
        pass
    assert len(sent) == sending.IN_FLIGHT

    now[0] = sending.TIMEOUT + 1
    assert sender.step()
    assert sent[-1] == sent[0]


def test_only_what_was_sent_is_settled(outbox):
    """An acknowledgement beyond what this process sent, or one that says nothing, deletes nothing."""
    sender = Sender(outbox, lambda _: None)
    numbers = outbox.accept([reading(), reading(7)])

    assert sender.acknowledge(json.dumps({"through": numbers[1]}).encode()) == 0
    assert [sender.acknowledge(each) for each in (b"", b"[]", b"{}", b'{"through": null}', b"\xff")] == [0] * 5
    assert outbox.size()[0] == 2


def test_holes_stay(outbox):
    """What the server misses below its acknowledgement is kept, and sent again."""
    sent = []
    sender = Sender(outbox, sent.append)
    numbers = outbox.accept([reading(number) for number in range(5)])
    sender.link(up=True)
    sender.step()

    assert sender.acknowledge(json.dumps({"through": numbers[4], "holes": [numbers[2]]}).encode()) == 4
    sender.step()
    assert [each["sequence"] for each in json.loads(sent[1])["readings"]] == [numbers[2]]


def test_a_batch_is_bounded(outbox):
    """Rows that would not fit into 64 KiB wait for the next batch."""
    outbox.accept([reading(sensor="a" * 1000) for _ in range(200)])
    payload, last = sending.encode(outbox.batch(0, 200), 1)

    assert len(payload) <= sending.BYTES
    assert json.loads(payload)["readings"][-1]["sequence"] == last


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_doubled(tmp_path, server, seed):
    """With batches and acknowledgements lost, repeated and late, and restarts at any moment, each arrives once."""
    chance = random.Random(seed)
    road, accepted, now = [], [], [0.0]
    box = Outbox(tmp_path / "outbox.db", limit=LIMIT)
    sender = Sender(box, road.append, clock=lambda: now[0])

    def settle(*, lossy):
        while road:
            payload = road.pop(0)
            if lossy and chance.random() < 0.3:
                continue
            for _ in range(2 if lossy and chance.random() < 0.2 else 1):
                acknowledgement = server.take(payload)
            if not (lossy and chance.random() < 0.3):
                sender.acknowledge(acknowledgement)

    for _ in range(40):
        accepted += box.accept([reading(chance.random()) for _ in range(chance.randrange(60))])
        now[0] += chance.choice([1, 70])
        if chance.random() < 0.5:
            sender.link(up=chance.random() < 0.7)
        if chance.random() < 0.15:  # a kill: what was in memory is gone
            box.close()
            box = Outbox(tmp_path / "outbox.db", limit=LIMIT)
            sender = Sender(box, road.append, clock=lambda: now[0])
        sender.step()
        if chance.random() < 0.7:
            settle(lossy=True)
    sender.link(up=False)
    sender.link(up=True)
    while box.size()[0]:
        now[0] += 70
        sender.step()
        settle(lossy=False)
    box.close()

    assert server.sequences() == accepted == list(range(accepted[0], accepted[0] + len(accepted)))
    assert server.repeated > 0
