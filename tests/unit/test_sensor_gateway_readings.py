"""What sensors say, made into readings: registers, messages, times, calibration; and the accounts of the broker."""

from __future__ import annotations

import base64
import hashlib
import struct

import pytest
import yaml

from tests.unit.sensor_app import ROLE, load

from sensor_gateway.readings import (  # isort: skip
    UnreadableError,
    from_message,
    from_registers,
    reading_of,
    register_count,
    time_in,
    to_message,
)

accounts = load("files/accounts.py")
settings = load("filter_plugins/sensor_settings.py")
MODELS = settings.load(ROLE / "files" / "models")
QUANTITIES = yaml.safe_load((ROLE / "files" / "quantities.yml").read_text(encoding="utf-8"))
ENTRY = yaml.safe_load((ROLE / "meta" / "service.yml").read_text(encoding="utf-8"))
EMPTY = {"calibration": [], "registers": [], "fields": [], "own_limits": []}


def words(form, value):
    """Return a number as registers, high word first."""
    return list(struct.unpack(f">{struct.calcsize(form) // 2}H", struct.pack(form, value)))


@pytest.mark.parametrize(
    ("quantity", "registers", "value"),
    [
        ({"type": "int16", "scale": 0.1}, words(">h", -53), -5.3),
        ({"type": "uint16", "scale": 0.01}, [65535], 655.35),
        ({"type": "int32"}, words(">i", -100000), -100000),
        ({"type": "uint32", "words": "low_first"}, words(">I", 100000)[::-1], 100000),
        ({"type": "float32"}, words(">f", 6.5), 6.5),
        ({"type": "float32", "words": "low_first", "offset": -273.15}, words(">f", 300)[::-1], 26.85),
    ],
)
def test_registers_are_read(quantity, registers, value):
    """Numbers of each type, in both orders of words, come out in the quantity's unit."""
    assert register_count(quantity) == len(registers)
    assert from_registers(quantity, registers) == pytest.approx(value)


@pytest.mark.parametrize(
    ("quantity", "registers"),
    [
        ({"type": "float32"}, [0xFFFF, 0xFFFF]),
        ({"type": "int16", "absent": [-32768]}, [0x8000]),
        ({"type": "float32"}, [1]),
    ],
)
def test_what_stands_for_none_is_no_reading(quantity, registers):
    """NaN, a value that stands for «none», and too few registers are no readings."""
    with pytest.raises(UnreadableError):
        from_registers(quantity, registers)


def test_messages_are_read():
    """Fields are found by their path; what a message does not speak of is left aside; text is no number."""
    message = to_message(b'{"data": {"sal": 1250}, "battery": null, "state": "ON", "on": true}')

    assert from_message({"field": "data.sal", "scale": 0.01}, message) == 12.5
    assert from_message({"field": ""}, to_message(b"7.1")) == 7.1
    assert [from_message({"field": field}, message) for field in ("battery", "ph", "data.ph", "state.x")] == [None] * 4
    for field in ("state", "on", "data"):
        with pytest.raises(UnreadableError):
            from_message({"field": field}, message)
    with pytest.raises(UnreadableError):
        to_message(b"\xff")


@pytest.mark.parametrize(
    ("found", "time"),
    [
        ("2026-11-24T22:00:00.250Z", 1795557600250),
        ("2026-11-25T05:00:00+07:00", 1795557600000),
        ("1795557600", 1795557600000),
        (1795557600.5, 1795557600500),
        (1795557600500, 1795557600500),
        ("1970-01-01T00:00:10Z", None),
        ("noon", None),
        (True, None),
        (None, None),
    ],
)
def test_a_sensors_own_time_is_taken(found, time):
    """RFC 3339, seconds and milliseconds are times; a clock that was never set, or words, are none."""
    assert time_in({"time_field": "time"}, {"time": found}) == time
    assert time_in({}, {"time": found}) is None


def test_calibration_keeps_the_raw_reading():
    """The value is raw × gain + offset, in the quantity's unit; the raw reading stays."""
    sensor = {"id": "ao-1", "quantities": {"ph": {"unit": "pH"}}, "calibration": {"ph": [1.02, -0.1]}}
    reading = reading_of(sensor, "ph", 7.5, 5)

    assert (reading.raw, reading.value, reading.unit, reading.time) == (7.5, 7.55, "pH", 5)


def row(**changes):
    """Return a row of the profile's table with every column."""
    model = {"model": "supmea_sup_do7013", "source": "modbus", "address": "tcp://10.20.5.20:502/1"}
    return {"id": "ao-1", **model, "place": "Ao 1", "period": 900, "gateway": None, "limits": None, **changes}


def compiled(rows, hosts=("gateway-1",), **tables):
    """Return the settings of gateway-1."""
    return settings.sensor_settings(
        rows, str(ROLE), "gateway-1", list(hosts), "gateway-1.example", "10.20.5.0/24", **{**EMPTY, **tables}
    )


def test_settings_are_the_models(tmp_path):
    """A sensor gets its model's quantities with their units, and its own calibration."""
    made = compiled(
        [row()], calibration=[{"sensor": "ao-1", "quantity": "dissolved_oxygen", "gain": 1.02, "offset": None}]
    )

    assert made["faults"] == []
    (sensor,) = made["sensors"]
    assert sensor["quantities"]["dissolved_oxygen"] == {
        "kind": "holding",
        "register": 1,
        "type": "int16",
        "scale": 0.01,
        "unit": "mg/L",
    }
    assert sensor["calibration"] == {"dissolved_oxygen": [1.02, 0.0]}
    assert (made["network"], made["serial"], made["radio"]) == (True, [], False)


@pytest.mark.parametrize(
    ("rows", "hosts", "tables", "words"),
    [
        ([row(source="mqtt")], ["gateway-1"], {}, "speaks modbus"),
        ([row(model="generic_modbus")], ["gateway-1"], {}, "wants the sensor's rows"),
        ([row(address="tcp://10.20.4.20:502/1")], ["gateway-1"], {}, "no address of the zone sensor"),
        ([row(address="tcp://10.20.5:502/1")], ["gateway-1"], {}, "no address of the zone sensor"),
        ([row(id="collector")], ["gateway-1"], {}, "another id"),
        ([row(model="generic_mqtt", source="mqtt", address="readings/g.example")], ["gateway-1"], {}, "the gateway's"),
        ([row()], ["gateway-1", "gateway-2"], {}, "say which gateway"),
        (
            [row()],
            ["gateway-1"],
            {"fields": [{"sensor": "x", "quantity": "ph", "field": "a", "scale": None}]},
            "no sensor x",
        ),
        ([row()], ["gateway-1"], {"calibration": [{"sensor": "ao-1", "quantity": "ph", "gain": 1, "offset": 0}]}, "ph"),
    ],
)
def test_what_does_not_fit_is_told(rows, hosts, tables, words):
    """A wrong source, missing registers, an unnamed gateway and rows for nothing are faults, each with its sensor."""
    assert words in "; ".join(compiled(rows, hosts, **tables)["faults"])


def test_each_gateway_has_its_own_sensors():
    """A row belongs to the gateway that it names; serial lines are listed."""
    rows = [row(gateway="gateway-1", address="rtu:///dev/ttyUSB0:9600:8N1/3"), row(id="ao-2", gateway="gateway-2")]
    made = compiled(rows, ["gateway-1", "gateway-2"])

    assert [each["id"] for each in made["sensors"]] == ["ao-1"]
    assert made["serial"] == ["/dev/ttyUSB0"]


def test_a_device_writes_its_own_topic_only():
    """Each device has an account for its topic; the collector hears them, and carries the gateway's three topics."""
    sensors = compiled([row(id="man-1", model="generic_mqtt", source="mqtt", address="ao/1/man")])["sensors"]
    rules = accounts.rules_of(settings.accounts_of(sensors, "g.example"))

    assert "user man-1\ntopic write ao/1/man\n" in rules
    assert "topic read ao/1/man\n" in rules
    assert rules.count("topic write") == 3


def test_passwords_are_what_mosquitto_checks():
    """A line of the password file is PBKDF2 of the account's password, the same each time, another one a device."""
    line = accounts.hash_of(b"key", "ao-1")
    user, _, rest = line.partition(":$7$")
    rounds, salt, digest = rest.split("$")
    password = accounts.password_of(b"key", "ao-1")

    assert user == "ao-1"
    assert hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(salt), int(rounds)) == base64.b64decode(
        digest
    )
    assert line == accounts.hash_of(b"key", "ao-1")
    assert len({accounts.password_of(key, user) for key in (b"key", b"other") for user in ("ao-1", "ao-2")}) == 4


def test_the_catalogue_offers_the_models_there_are():
    """Models, quantities and limits that a profile may name are those that have a file, and the other way round."""
    columns = ENTRY["options"]["sensors"]["columns"]

    assert sorted(columns["model"]["values"]) == sorted(MODELS)
    assert sorted(columns["limits"]["values"]) == sorted(settings.load(ROLE / "files" / "limits"))
    for table in ("calibration", "registers", "fields", "own_limits"):
        assert ENTRY["options"][table]["columns"]["quantity"]["values"] == list(QUANTITIES)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_models_are_whole(name):
    """A model has a title in both languages, a source, canonical quantities, and says where it is documented."""
    model = MODELS[name]

    assert set(model["title"]) == {"vi", "en"}
    assert set(model["quantities"]) <= set(QUANTITIES)
    assert name.startswith("generic_") or model["documented"]
    for quantity in model["quantities"].values():
        assert set(quantity) <= {"kind", "register", "type", "words", "scale", "offset", "absent", "field", "valid"}
        assert ("register" in quantity) == (model["source"] == "modbus")


@pytest.mark.parametrize("name", ["shrimp_pond", "surface_water_a", "surface_water_b"])
def test_limits_are_dated_data(name):
    """A set of limits names its source, when it was read, and that it was not read in the gazette."""
    limits = settings.load(ROLE / "files" / "limits")[name]

    assert limits["source"].startswith("QCVN")
    assert set(limits["caveat"]) == {"vi", "en"}
    assert limits["read_on"]
    assert set(limits["quantities"]) <= set(QUANTITIES)


def test_units_and_bounds_are_told():
    """Each quantity has a title, a unit and a range in which the lab's ordinary values lie."""
    for quantity in QUANTITIES.values():
        low, high = quantity["valid"]
        assert set(quantity["title"]) == {"vi", "en"}
        assert quantity["unit"]
        assert low <= quantity["ordinary"][0] < quantity["ordinary"][1] <= high
