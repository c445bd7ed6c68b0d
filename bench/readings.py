"""How many readings a second the lab's server takes, sustained, and how long one waits for its acknowledgement.

``python bench/readings.py --profile vinh-hung [--host server-1] [--rate 600] [--seconds 120]`` (root; the commune
stands in the lab) offers readings of the checks' own sensor at ``rate`` a second to the broker of that server, in
batches of 60, by mutual TLS, and then as many as are taken for half of that time. Each counts when it was acknowledged,
that is, committed. Everything is removed at the end. One JSON document is printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

WANTED = 500  # readings a second: what the issue of the component asks for

# Runs on the server: RATE (0: as fast as it goes), SECONDS, BATCH.
PROGRAM = r"""
import json, sys, threading, time
from datetime import UTC, datetime
sys.path.insert(0, '/opt/readings')
from readings_server.configuration import load_settings
from readings_server.ingest import PORT, broker_client
from readings_server.trial import QUANTITY, SENSOR
rate, seconds, size = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
settings = load_settings()
host, unit = settings['host'], settings['sensors'][SENSOR]['quantities'][QUANTITY]['unit']
first = time.time_ns() // 1_000_000
state, news, ready = {'through': first - 1}, threading.Condition(), threading.Event()
sent_at, waits = {}, []
def heard(client, data, message):
    if not message.payload:
        return
    with news:
        through = json.loads(message.payload)['through']
        for last in [last for last in sent_at if last <= through]:
            waits.append(time.monotonic() - sent_at.pop(last))
        state['through'] = max(state['through'], through)
        news.notify()
client = broker_client('readings-bench', clean=True)
client.on_connect = lambda joined, *words: joined.subscribe('acknowledged/' + host, 1)
client.on_subscribe = lambda *words: ready.set()
client.on_message = heard
client.connect(host, PORT)
client.loop_start()
assert ready.wait(10), 'the broker does not answer'
begun, number = time.monotonic(), first
while time.monotonic() - begun < seconds:
    if rate:
        time.sleep(max(0.0, begun + (number - first) / rate - time.monotonic()))
    with news:
        assert news.wait_for(lambda: number - 1 - state['through'] < 50 * size, 60), 'nothing is acknowledged'
    now = datetime.now(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')
    rows = [{'sequence': number + index, 'sensor': SENSOR, 'quantity': QUANTITY, 'time': now, 'unit': unit,
             'raw': 20 + index % 7 / 10, 'value': 20 + index % 7 / 10} for index in range(size)]
    with news:
        sent_at[number + size - 1] = time.monotonic()
    client.publish('readings/' + host, json.dumps({'oldest': first, 'readings': rows}), qos=1)
    number += size
with news:
    assert news.wait_for(lambda: state['through'] == number - 1, 120), 'not all was acknowledged'
took = time.monotonic() - begun
client.publish('acknowledged/' + host, b'', qos=1, retain=True).wait_for_publish(10)
client.loop_stop()
waits.sort()
print(json.dumps({'offered_per_second': rate or None, 'seconds': round(took, 1), 'readings': number - first,
    'taken_per_second': round((number - first) / took, 1), 'wait_median_s': round(waits[len(waits) // 2], 3),
    'wait_p99_s': round(waits[int(len(waits) * 0.99)], 3)}))
"""
CLEAN = r"""
import json, sys
from datetime import UTC, datetime
sys.path.insert(0, '/opt/readings')
from readings_server.configuration import load_password, load_settings
from readings_server.store import Store, connect
from readings_server.trial import SENSOR
settings = load_settings()
with connect(settings['database'], load_password()) as connection:
    print(Store(connection, settings['sensors'], started=datetime.now(UTC)).forget(settings['host'], SENSOR))
"""
# a process of the service's account, as the service's own commands are
AS_SERVICE = ("setpriv", "--reuid=readings", "--regid=readings", "--init-groups", "/usr/bin/python3", "-c")


def on_server(profile: str, host: str, program: str, *words: object) -> str:
    """Run a program on the server as the service's account; return what it printed."""
    shell = [str(Path(sys.executable).parent / "smartcommune"), "lab", "shell", profile, host, "--"]
    ran = subprocess.run(
        [*shell, *AS_SERVICE, program, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True
    )
    return ran.stdout


def main() -> None:
    """Measure a steady rate, then the most; remove what was sent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="vinh-hung")
    parser.add_argument("--host", default="server-1")
    parser.add_argument("--rate", type=float, default=600, help="readings offered a second")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--batch", type=int, default=60, help="readings a batch, at most 200")
    options = parser.parse_args()
    try:
        steady, most = (
            json.loads(on_server(options.profile, options.host, PROGRAM, rate, seconds, options.batch))
            for rate, seconds in ((options.rate, options.seconds), (0, options.seconds / 2))
        )
    finally:
        removed = int(on_server(options.profile, options.host, CLEAN))
    sustained = steady["taken_per_second"] >= WANTED
    print(
        json.dumps(
            {"wanted_per_second": WANTED, "sustained": sustained, "steady": steady, "most": most, "removed": removed}
        )
    )


if __name__ == "__main__":
    main()
