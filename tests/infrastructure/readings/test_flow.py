"""From the water to whom it concerns: rows with unit and flags, one alert each, and what is kept."""

from __future__ import annotations

import time

import httpx

from smartcommune.verify.web import Route, client, visitor_zone
from tests.infrastructure.readings.pond import POND, SERVER, wait

OXYGEN = "dissolved_oxygen"
SOON = 5.0  # seconds from the water to the row


def oxygen(*values: float) -> dict[str, list[float]]:
    """Return a series of oxygen in water of one temperature."""
    return {OXYGEN: list(values), "water_temperature": [28.0] * len(values)}


def page(commune, path):
    """Return a page of the readings, as a visitor reads it."""
    endpoint = next(each for each in commune.site.endpoints if each.service == "readings")
    host = commune.outputs.hosts[endpoint.host]
    zones = next(rule.zones for rule in commune.site.host(endpoint.host).inbound if rule.port == 443)
    visitor = commune.lab.visitor(visitor_zone(zones), near=host.address)
    routes = {endpoint.name: Route(host.address, visitor.netns, visitor.address)}
    with client(routes, commune.outputs.ca_certificate) as web:
        answer = web.get(f"https://{endpoint.name}{path}")
    assert answer.status_code == httpx.codes.OK
    return answer.text


def test_a_reading_is_soon_a_row(pond):
    """A value that the pond shows is a row within 5 seconds, with its unit; one that cannot be has the flag."""
    values, every, seen = (7.21, 7.22, 7.23, 41.0), 6.0, {}
    with pond.playing(POND, every, oxygen(*values)) as play:

        def look() -> bool:
            rows = pond.ask(f"SELECT DISTINCT value FROM reading WHERE sensor = '{POND}' AND quantity = '{OXYGEN}'")
            for row in rows:
                seen.setdefault(row["value"], time.monotonic())
            return set(values) <= set(seen)

        wait(look, "all values are rows", patience=len(values) * every + SOON, step=0.1)

    waited = {value: seen[value] - play.begun - step * every for step, value in enumerate(values)}
    assert max(waited.values()) < SOON, waited
    where = f"sensor = '{POND}' AND quantity = '{OXYGEN}' AND value IN (7.22, 41.0)"
    rows = pond.ask(f"SELECT DISTINCT value, raw, unit, flags FROM reading WHERE {where} ORDER BY value")
    assert rows == [
        {"value": 7.22, "raw": 7.22, "unit": "mg/L", "flags": []},
        {"value": 41.0, "raw": 41.0, "unit": "mg/L", "flags": ["out_of_range"]},
    ]
    pond.wait_until_settled()
    pond.assert_whole()


def test_low_oxygen_is_told_once(commune, pond):
    """Oxygen below the limit begins one alert, however often it is measured: one letter, one line; so does its end."""
    before = pond.last_alert()
    with pond.playing(POND, 3.0, oxygen(6.0, 6.1, *[3.1, 3.05] * 4, 6.2, 6.3, 6.4)):
        wait(lambda: pond.alerts("low", before), "oxygen is low")
        standing = page(commune, "/canh-bao?lang=vi")
    wait(lambda: pond.alerts("low", before)[0]["ended_told"], "somebody was told of the end")

    (alert,) = pond.alerts("low", before)
    assert (alert["quantity"], alert["value"], alert["bound"], alert["unit"]) == (OXYGEN, 3.1, 3.5, "mg/L")
    letters = pond.letters()
    assert [letters.count(f"alert-{alert['id']}-{what}") for what in ("began", "ended")] == [1, 1]
    assert "Oxy hòa tan: thấp hơn ngưỡng, 3,1 mg/L (ngưỡng 3,5)" in standing
    assert "đang diễn ra" in standing
    readings = pond.ask(f"SELECT count(*) FROM reading WHERE sensor = '{POND}' AND value < 3.5 AND value > 3")
    assert readings[0]["count"] > 3


def test_silence_is_told_once(pond):
    """A sensor that answers no more begins one alert, one letter, and ends it when it answers again."""
    before = pond.last_alert()
    with pond.playing(POND, 1.0, oxygen(6.5, 6.6, 6.7)):
        pass
    wait(lambda: pond.alerts("silent", before), "the sensor is silent")
    pond.turns(3)
    (alert,) = pond.alerts("silent", before)
    assert pond.letters().count(f"alert-{alert['id']}-began") == 1

    with pond.playing(POND, 1.0, oxygen(6.5, 6.6, 6.7, 6.8)):
        wait(lambda: pond.alerts("silent", before)[0]["ended_told"], "it speaks again")
    assert len(pond.alerts("silent", before)) == 1


def test_what_is_older_than_it_is_kept_is_dropped(pond):
    """The night's work drops readings that are older than they are kept, by whole weeks, and leaves the others."""
    with pond.playing(POND, 1.0, oxygen(6.5, 6.6)):
        pass
    pond.wait_until_settled()
    young = pond.numbers()
    columns = "gateway, sequence, sensor, quantity, time, received, raw, value, unit, flags"
    changed = columns.replace("sequence", "1", 1).replace("time", "now() - interval '1200 days'", 1)
    pond.change(f"INSERT INTO reading ({columns}) SELECT {changed} FROM reading LIMIT 1")
    assert pond.numbers()["first"] == 1

    pond.commune.on(SERVER, "systemctl start readings-retention.service")

    assert pond.numbers() == young


def test_saved_readings_come_back(commune, pond):
    """After a backup all readings and alerts are lost; a restore brings them back, and what follows joins on."""
    with pond.playing(POND, 1.0, oxygen(6.5, 6.6)):
        pass
    pond.wait_until_settled()
    count = "/usr/local/sbin/readings-manage count"
    saved, numbers = commune.on(SERVER, count), pond.numbers()
    stamp = commune.document(*commune.verb("backup"))["stamp"]
    pond.change("TRUNCATE reading, gateway, latest, alert")

    commune.run(*commune.verb("restore"), "--yes", "--stamp", stamp)
    assert commune.on(SERVER, count) == saved
    assert pond.numbers() == numbers

    with pond.playing(POND, 1.0, oxygen(6.7, 6.8, 6.9)):
        pass
    pond.wait_until_settled()
    assert pond.numbers()["last"] > numbers["last"]
    pond.assert_whole()


def test_a_second_apply_changes_nothing(commune):
    """Nothing is left to do, and the plan says so."""
    again = commune.document(*commune.verb("apply"), "--yes", "--no-verify")
    commune.run(*commune.verb("plan"), "--exit-code")

    assert set(again["changed"].values()) == {0}
