"""What «validate» says of sensors whose source, model and address do not go together."""

from __future__ import annotations

import pytest

from smartcommune import paths
from smartcommune.catalogue.loader import load_catalogue
from smartcommune.catalogue.rules import RulesFile, resolve_options

RULES = RulesFile(paths.checkout() / "roles" / "sensor_gateway" / "rules.py")
ROWS = {
    "modbus": {"id": "a", "model": "supmea_sup_do7013", "address": "tcp://10.20.21.20:502/1"},
    "mqtt": {"id": "a", "model": "generic_mqtt", "address": "ao/1"},
    "rtl_433": {"id": "a", "model": "cotech_36_7959", "address": "Cotech-367959/104"},
    "zigbee2mqtt": {"id": "a", "model": "sonoff_snzb_02d", "address": "0x00158d0001ab23cd"},
}


@pytest.fixture(scope="module")
def catalogue():
    """The shipped catalogue."""
    return load_catalogue()


def codes(catalogue, sensors, **tables):
    """Return (path, code) of each finding."""
    options = resolve_options(catalogue["sensor_gateway"], {"sensors": sensors, **tables})
    return [(each.path, each.trap.code) for each in RULES.check(options)]


@pytest.mark.parametrize("source", ROWS)
def test_address_has_the_form_of_its_source(catalogue, source):
    """A source's own address passes, and another one's does not."""
    sound = ROWS[source] | {"source": source, "place": "Ao 1"}
    other = "rtu:///dev/ttyUSB0:9600:8N1/1" if source != "modbus" else "ao/1"

    assert codes(catalogue, [sound]) == []
    assert codes(catalogue, [sound | {"address": other}]) == [(("sensors", 0, "address"), "wrong-address")]


def test_model_and_source_agree(catalogue):
    """The catalogue of models says how a model comes to the gateway."""
    row = ROWS["modbus"] | {"source": "mqtt", "place": "Ao 1"}

    assert codes(catalogue, [row]) == [(("sensors", 0, "source"), "wrong-source")]


def test_names_of_the_gateway_itself_are_taken(catalogue):
    """Its accounts and topics are no sensor's."""
    row = ROWS["mqtt"] | {"source": "mqtt", "place": "Ao 1", "id": "collector", "address": "readings/1"}

    assert [code for _, code in codes(catalogue, [row])] == ["own-topic", "own-account"]


def test_rows_name_a_sensor_that_there_is(catalogue):
    """A calibration of nothing is told with the nearest id."""
    rows = [{"sensor": "ao-2", "quantity": "ph"}]
    sensors = [ROWS["modbus"] | {"id": "ao-1", "source": "modbus", "place": "Ao 1"}]

    assert codes(catalogue, sensors, calibration=rows) == [(("calibration", 0, "sensor"), "unknown-sensor")]
