"""Checks of the sensor gateway: it collects, lets nobody in without an account, reaches the server."""

import json
from pathlib import Path

import pytest
import yaml

MODELS = Path(__file__).parents[1] / "files" / "models"
UNITS = ["mosquitto.service", "sensor-gateway.service"]
HEALTH = "/usr/local/sbin/sensor-gateway health"
# Log in at the broker of this machine: PORT, USER, PASSWORD; prints what the broker says.
LOG_IN = """
import ssl, sys, threading
import paho.mqtt.client as mqtt
host, port, user, password = sys.argv[1:]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
if user:
    client.username_pw_set(user, password)
if port == '8883':
    client.tls_set('/usr/local/share/ca-certificates/commune-root.crt')
    client.tls_insecure_set(True)  # reached by its address here; the chain is verified
said = threading.Event()
def connected(client, _userdata, _flags, reason, _properties):
    print(reason)
    said.set()
client.on_connect = connected
client.connect(host, int(port))
client.loop_start()
sys.exit(0 if said.wait(5) else 1)
"""
# A Modbus RTU device on a pseudo-terminal: shows 25.3 in register 7, and the collector's own code asks it.
SERIAL = """
import os, sys, threading, tty
sys.path.insert(0, '/opt/sensor-gateway')
from sensor_gateway.modbus import ask, client_of
def checksum(frame):
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, 'little')
ours, theirs = os.openpty()
tty.setraw(ours)
tty.setraw(theirs)
def device():
    request = b''
    while len(request) < 8:
        request += os.read(ours, 8)
    assert request == bytes((3, 3, 0, 7, 0, 1)) + checksum(request[:6]), request
    answer = bytes((3, 3, 2, 0, 253))
    os.write(ours, answer + checksum(answer))
threading.Thread(target=device, daemon=True).start()
client = client_of('rtu://' + os.ttyname(theirs) + ':9600:8N1')
assert client.connect()
print(ask(client, 3, {'kind': 'holding', 'register': 7, 'type': 'int16', 'scale': 0.1}))
"""


def how_it_is(host):
    """Return the collector's own words."""
    return json.loads(host.check_output(HEALTH))


def address(commune):
    """Return where devices reach the broker: in the zone of the sensors, else at the host's own address."""
    interfaces = commune["commune_host"]["interfaces"]
    return next((each["address"] for each in interfaces if each["zone"] == "sensor"), interfaces[0]["address"])


@pytest.mark.title(vi="Bộ thu và máy môi giới đang chạy", en="Collector and broker run")
def test_collector_works(host):
    """Collector and broker run."""
    for unit in UNITS:
        assert host.service(unit).is_running
        assert host.service(unit).is_enabled
    assert how_it_is(host)["faults"] == []


@pytest.mark.title(vi="Mọi cảm biến của hồ sơ đều được thu", en="All sensors of the profile are collected")
def test_all_sensors_are_collected(host, commune):
    """All sensors of the profile are collected."""
    name = commune["commune_host"]["name"]
    rows = commune.get("sensor_gateway_sensors") or []

    assert set(how_it_is(host)["sensors"]) == {row["id"] for row in rows if row["gateway"] in (None, name)}


@pytest.mark.title(vi="Cổng nối được với máy chủ", en="The gateway is joined to the server")
def test_bridge_is_up(host, commune):
    """The gateway is joined to the server."""
    wanted = bool((commune.get("sensor_gateway_readings") or {}).get("fqdn"))

    assert how_it_is(host)["link"] == wanted


@pytest.mark.title(
    vi="Máy môi giới chỉ nghe trong máy và trong vùng cảm biến",
    en="The broker listens inside and in the sensors' zone only",
)
def test_broker_listens_where_it_may(host, commune):
    """The broker listens inside and in the sensors' zone only."""
    listening = {line.split()[3] for line in host.check_output("ss -H -ltn").splitlines()}

    assert {place for place in listening if place.endswith((":1883", ":8883"))} == {
        "127.0.0.1:1883",
        f"{address(commune)}:8883",
    }


@pytest.mark.title(vi="Không có tài khoản thì không vào được", en="Nobody comes in without an account")
@pytest.mark.parametrize("port", [1883, 8883])
@pytest.mark.parametrize("user", ["", "collector"])
def test_nobody_comes_in_without_an_account(host, commune, port, user):
    """Nobody comes in without an account."""
    at = "127.0.0.1" if port == 1883 else address(commune)
    answer = host.run("python3 -c %s %s %s %s %s", LOG_IN, at, str(port), user, "wrong" if user else "")

    assert answer.stdout.strip() == "Not authorized", answer


@pytest.mark.title(vi="Mỗi thiết bị chỉ ghi được chủ đề của mình", en="Each device may write its own topic only")
def test_devices_write_their_own_topics(host, commune):
    """Each device may write its own topic only."""
    name = commune["commune_host"]["name"]
    rules = host.file("/etc/mosquitto/commune.acl").content_string
    rights = {block.split("\n")[0]: block.split("\n")[1:] for block in rules.strip().split("\n\n")}

    for row in commune.get("sensor_gateway_sensors") or []:
        if row["source"] == "mqtt" and row["gateway"] in (None, name):
            assert rights[f"user {row['id']}"] == [f"topic write {row['address']}"]
    assert not rules.startswith("topic")


@pytest.mark.title(vi="Mật khẩu chỉ người cần mới đọc được", en="Passwords are read by those alone who need them")
@pytest.mark.parametrize(
    ("path", "user", "mode"),
    [
        ("/etc/sensor-gateway/key", "root", 0o600),
        ("/etc/sensor-gateway/password", "root", 0o400),
        ("/etc/mosquitto/commune.passwd", "mosquitto", 0o400),
        ("/etc/mosquitto/commune.acl", "mosquitto", 0o400),
    ],
)
def test_passwords_are_closed(host, path, user, mode):
    """Passwords are read by those alone who need them."""
    file = host.file(path)

    assert (file.user, file.mode) == (user, mode)


@pytest.mark.title(vi="Bộ thu và máy môi giới chạy trong hộp cát", en="Collector and broker run in their sandboxes")
@pytest.mark.parametrize("unit", UNITS)
def test_units_are_sandboxed(host, unit):
    """Collector and broker run in their sandboxes."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s", unit).succeeded


@pytest.mark.flow
@pytest.mark.title(
    vi="Đọc được cảm biến Modbus RTU trên đường nối tiếp", en="A Modbus RTU sensor on a serial line is read"
)
def test_serial_line_is_read(host):
    """A Modbus RTU sensor on a serial line is read."""
    assert host.check_output("python3 -c %s", SERIAL) == "25.3"


@pytest.mark.flow
@pytest.mark.title(
    vi="rtl_433 giải mã được điện tín mẫu của từng kiểu máy vô tuyến",
    en="The radio's program decodes an example message of each model",
)
def test_radio_messages_are_decoded(host, commune):
    """The radio's program decodes an example message of each model that is declared, into the fields that it names."""
    name = commune["commune_host"]["name"]
    rows = commune.get("sensor_gateway_sensors") or []

    for model in {row["model"] for row in rows if row["source"] == "rtl_433" and row["gateway"] in (None, name)}:
        described = yaml.safe_load((MODELS / f"{model}.yml").read_text(encoding="utf-8"))
        message = json.loads(host.check_output("rtl_433 -C si -F json -y %s", described["test_vector"]))
        fields = [quantity["field"] for quantity in described["quantities"].values()]
        assert [field for field in fields if not isinstance(message.get(field), int | float)] == []
