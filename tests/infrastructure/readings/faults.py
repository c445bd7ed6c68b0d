"""What fails between a sensor and the server, and what has to be true after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tests.infrastructure.readings.pond import COUNTER, GATEWAY, SERVER, Pond, wait

EVERY = 0.1  # seconds between two values of the counter


def _kill(host: str, unit: str) -> Callable[[Pond], None]:
    def kill(pond: Pond) -> None:
        pond.commune.on(host, f"systemctl kill --signal=KILL --kill-whom=all {unit}")

    return kill


def _power(host: str) -> Callable[[Pond], None]:
    def cut(pond: Pond) -> None:
        pond.commune.lab.kill(host, power=True)
        pond.commune.lab.start(host)
        pond.commune.lab.wait_ready(host)

    return cut


def _link(pond: Pond) -> None:
    pond.commune.lab.cut(SERVER)
    try:
        wait(lambda: pond.waiting() > 20, "readings wait on the gateway")
    finally:
        pond.commune.lab.restore(SERVER)


KILLS: dict[str, Callable[[Pond], None]] = {
    "the server's broker is killed": _kill(SERVER, "mosquitto.service"),
    "the ingest is killed": _kill(SERVER, "readings.service"),
    "the database is killed": _kill(SERVER, "postgresql@17-main.service"),
    "the gateway's broker is killed": _kill(GATEWAY, "mosquitto.service"),
    "the collector is killed": _kill(GATEWAY, "sensor-gateway.service"),
}
POWER_OF_THE_SERVER, POWER_OF_A_GATEWAY = "the server loses its power", "the gateway loses its power"
FAULTS = KILLS | {
    "the link is cut": _link,
    POWER_OF_THE_SERVER: _power(SERVER),
    POWER_OF_A_GATEWAY: _power(GATEWAY),
}


def survive(pond: Pond, faults: Sequence[str], *, values: int) -> list[float]:
    """Let a device count, and let things fail meanwhile; return the values that the server has twice or not at all.

    What a device was told by the gateway's broker within the last moments before the gateway's power goes may be gone
    (docs/sensors.md): then what the collector took is asked for, by its numbers.
    """
    numbers, start, arrived = [each / 10 for each in range(values)], pond.settled(), 0
    with pond.playing(COUNTER, EVERY, {"orp": numbers}) as play:
        for fault in faults:
            wait(lambda so_far=arrived: len(pond.counted(start)) > so_far, f"values arrive before {fault}")  # type: ignore[misc]
            assert play.program.poll() is None, "all was counted before all had failed"
            arrived = len(pond.counted(start))
            FAULTS[fault](pond)
    pond.wait_until_settled()
    pond.assert_whole()
    return wrong(numbers[-1:] if POWER_OF_A_GATEWAY in faults else numbers, pond.counted(start))


def backlog(pond: Pond, *, values: int) -> list[float]:
    """Cut the link while a device counts, until all waits; return the values that are wrong once the link is back."""
    numbers, start = [each / 10 for each in range(values)], pond.settled()
    pond.commune.lab.cut(SERVER)
    try:
        with pond.playing(COUNTER, 0.02, {"orp": numbers}):
            pass
        wait(lambda: pond.waiting() >= values, "the gateway has taken them")
        assert pond.counted(start) == []
    finally:
        pond.commune.lab.restore(SERVER)
    pond.wait_until_settled()
    pond.assert_whole()
    return wrong(numbers, pond.counted(start))


def wrong(wanted: Sequence[float], found: Sequence[float]) -> list[float]:
    """Return the values that are missing, and those that are there more than once."""
    times = Counter(found)
    return [value for value in wanted if value not in times] + [value for value in times if times[value] > 1]
