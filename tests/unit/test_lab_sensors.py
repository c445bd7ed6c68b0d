"""Sensors of the lab: Modbus server and MQTT device speak their protocols, and play what the profile says."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import subprocess
import sys
import threading
from itertools import islice
from types import SimpleNamespace

import pytest

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.errors import UsageError
from smartcommune.lab.errors import LabError
from smartcommune.lab.sensors import modbus, mqtt, player, series, stage
from smartcommune.lab.sensors.scene import Scene

OXYGEN = {"kind": "holding", "register": 1, "type": "int16", "scale": 0.01}
SALINITY = {"kind": "input", "register": 16, "type": "float32"}
ROWS = [
    {
        "id": "ao-1",
        "model": "supmea_sup_do7013",
        "source": "modbus",
        "address": "tcp://10.20.5.20:502/3",
        "gateway": None,
    },
    {
        "id": "song",
        "model": "generic_modbus",
        "source": "modbus",
        "address": "rtu:///dev/ttyUSB0:9600:8N1/1",
        "gateway": None,
    },
    {"id": "man", "model": "generic_mqtt", "source": "mqtt", "address": "ao/man", "gateway": None},
    {
        "id": "troi",
        "model": "cotech_36_7959",
        "source": "rtl_433",
        "address": "Cotech-367959/104",
        "gateway": "gateway-2",
    },
    {"id": "dat", "model": "tuya_ts0601_soil", "source": "zigbee2mqtt", "address": "0x0015", "gateway": None},
]


def read(function, start, count):
    """Return a request as it comes after the header."""
    return struct.pack(">BHH", function, start, count)


@pytest.mark.parametrize(
    ("unit", "request_", "answer"),
    [
        (3, read(3, 1, 1), "0302028a"),
        (3, read(4, 16, 2), "040441480000"),
        (3, read(3, 1, 2), "8302"),
        (3, read(4, 1, 1), "8402"),
        (3, read(3, 1, 0), "8302"),
        (4, read(3, 1, 1), "830b"),
        (3, read(6, 1, 1), "8601"),
        (3, b"", "8001"),
    ],
    ids=["holding", "input", "past the end", "other kind", "none", "other unit", "a write", "nothing"],
)
def test_the_server_answers_as_the_protocol_says(unit, request_, answer):
    """Registers are read by functions 3 and 4; everything else is an exception of the protocol."""
    registers = {(3, "holding"): modbus.registers_of(OXYGEN, 6.5), (3, "input"): modbus.registers_of(SALINITY, 12.5)}

    assert modbus.answer(registers, unit, request_).hex() == answer


def test_the_server_serves_over_tcp():
    """A client gets its transaction back with the unit's registers, twice on one connection."""
    with modbus.Server(("127.0.0.1", 0)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        server.show(3, OXYGEN, 6.5)
        with socket.create_connection(server.server_address, 5) as client:
            for transaction in (7, 8):
                client.sendall(struct.pack(">HHHB", transaction, 0, 6, 3) + read(3, 1, 1))
                assert client.recv(64) == struct.pack(">HHHB", transaction, 0, 5, 3) + bytes.fromhex("0302028a")
        server.shutdown()
        assert server.answered == 2


def test_packets_are_as_the_standard_says():
    """Lengths are written in groups of seven bits, texts with their length: the standard's own examples."""
    assert [mqtt.length(number).hex() for number in (0, 127, 128, 16383, 16384)] == [
        "00",
        "7f",
        "8001",
        "ff7f",
        "808001",
    ]
    assert mqtt.text("A𪛔") == b"\x00\x05A\xf0\xaa\x9b\x94"


def test_a_device_waits_for_its_acknowledgement():
    """A message is published with QoS 1; other packets are passed over until its own number is acknowledged."""
    ours, theirs = socket.socketpair()
    device = mqtt.Device("", 0, "", "", "ao-1", "")
    device._socket = ours
    theirs.sendall(b"\xd0\x00\x40\x02\x00\x09\x40\x02\x00\x01")
    device.publish("ao/1", b"{}")
    with theirs:
        assert theirs.recv(64) == b"\x32\x0a\x00\x04ao/1\x00\x01{}"
    device.close()


def test_a_day_is_generated():
    """Values swing between their ordinary bounds once a day and are never flat; what is fixed stays."""
    day = list(islice(series.generated({"ph": (7.4, 8.4), "orp": (180, 320)}, {"orp": 200.0}), series.STEPS_A_DAY))
    ph = [values["ph"] for values in day]

    assert min(ph) == 7.4
    assert max(ph) == 8.4
    assert len(set(ph)) > series.STEPS_A_DAY / 2
    assert {values["orp"] for values in day} == {200.0}


def test_a_recording_is_played(tmp_path):
    """Columns of the sensor's quantities are values, empty cells none, other columns nothing."""
    path = tmp_path / "ao.csv"
    path.write_text("time,ph,note,orp\n1,7.5,a,\n2,7.6,b,210\n", encoding="utf-8")

    assert series.recorded(path, {"ph", "orp"}) == [{"ph": 7.5}, {"ph": 7.6, "orp": 210.0}]


@pytest.mark.parametrize(
    ("text", "words"), [("time\n1\n", ":1: no column"), ("ph\nhigh\n", ":2: "), ("ph\n", "there is no row")]
)
def test_a_wrong_recording_is_told(tmp_path, text, words):
    """A file without a known column, with a word for a number, or without rows is told with its line."""
    path = tmp_path / "ao.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(series.RecordingError, match=words):
        series.recorded(path, {"ph"})


@pytest.fixture
def scene():
    """The sensors of two gateways."""
    options = {
        "sensors": ROWS,
        "fields": [{"sensor": "man", "quantity": "salinity", "field": "data.sal", "scale": 0.01}],
        "registers": [],
    }
    hosts = [
        SimpleNamespace(services=(SimpleNamespace(name="sensor_gateway", host=name, options=options),))
        for name in ("gateway-1", "gateway-2")
    ]
    return Scene(SimpleNamespace(hosts=hosts), load_catalogue(), paths.checkout() / "roles")


def test_what_is_played_is_the_profiles(scene):
    """Each source is spoken as its gateway hears it: unit, topic, what tells devices of one radio apart."""
    played = {row["id"]: scene.sensor(row, count=2, recording=None, fixed={}) for row in scene.choose([])}

    assert list(played) == ["ao-1", "man", "troi", "dat"]  # no serial line in the lab
    assert played["ao-1"]["unit"] == 3
    assert played["man"]["topic"] == "ao/man"
    assert (played["troi"]["topic"], played["troi"]["fixed"]) == (
        "rtl_433/events",
        {"model": "Cotech-367959", "id": 104},
    )
    assert played["dat"]["topic"] == "zigbee2mqtt/0x0015"
    assert [scene.account(row) for row in ROWS[2:]] == ["man", "rtl_433", "zigbee2mqtt"]
    assert [scene.host(row) for row in ROWS[2:4]] == ["gateway-1", "gateway-2"]


def test_messages_have_the_models_fields(scene):
    """A device's message has its fields in their folders and units, and when it was measured."""
    (row,) = scene.choose(["man"])
    message = player.message_of(scene.sensor(row, count=1, recording=None, fixed={}), {"salinity": 12.5})

    assert message["data"] == {"sal": 1250}
    assert message["time"].endswith("+00:00")


@pytest.mark.parametrize(("name", "words"), [("ao-2", "ao-1"), ("song", "Modbus TCP")])
def test_what_cannot_be_played_is_told(scene, name, words):
    """An unknown sensor is told with the nearest, a serial line with what the lab can do."""
    with pytest.raises(UsageError) as refused:
        scene.choose([name])
    assert words in refused.value.todo.en


def test_a_modbus_player_ends_by_itself():
    """It shows each step for its time, tells it, and says at its end how often it was asked."""
    told = []
    sensor = {
        "id": "ao-1",
        "unit": 3,
        "quantities": {"dissolved_oxygen": OXYGEN},
        "values": [{"dissolved_oxygen": 6.5}] * 2,
    }
    spec = {"source": "modbus", "address": "127.0.0.1", "port": 0, "every": 0.01, "sensors": [sensor]}
    player.Player(json.loads(json.dumps(spec)), told.append).run()

    assert [each["step"] for each in told[:2]] == [0, 1]
    assert told[2] == {"answered": 0}


PLAYED = """
import json, sys
for sensor in json.load(open(sys.argv[1]))["sensors"]:
    print(json.dumps({"sensor": sensor["id"]}))
print(json.dumps({"polls": 3}))
print("OSError: gone")
"""


class _Station:
    """A station whose player says what it has played."""

    address = "10.20.5.20"

    def start(self, argv, output):
        """Run a player that shows one reading of each sensor of its spec, then ends in an error."""
        return subprocess.Popen([sys.executable, "-c", PLAYED, argv[-1]], stdout=output)


def test_what_was_played_is_told_by_sensor():
    """Each station's sensors are told with the readings they showed, and with what their player said at its end."""
    lab = SimpleNamespace(station=lambda zone, address: contextlib.nullcontext(_Station()))
    started = []
    spec = {"source": "modbus", "address": "10.20.5.20", "sensors": [{"id": "ao-1"}, {"id": "ao-2"}]}
    (told,) = stage.play(lab, [spec], lambda address, sensors: started.append((address, sensors)))

    assert started == [("10.20.5.20", ["ao-1", "ao-2"])]
    assert told == {each: {"readings": 1, "polls": 3, "error": "OSError: gone"} for each in ("ao-1", "ao-2")}


def test_a_gateway_without_the_account_is_told():
    """An MQTT device whose account the gateway does not know plays nothing; the profile has to be applied first."""
    lab = SimpleNamespace(shell_argv=lambda host, command: ["sh", "-c", "echo no such account >&2; exit 1"])
    scene = SimpleNamespace(
        account=lambda row: "ao", host=lambda row: "gateway-1", service=SimpleNamespace(name="sensor_gateway")
    )

    with pytest.raises(LabError, match="gateway-1 gives no account ao: no such account"):
        stage.sender_of(lab, scene, {"source": "mqtt"})
