"""A gateway speaks for itself alone, whatever its certificate claims."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest

from tests.infrastructure.readings.pond import COUNTER, GATEWAY, SERVER

# Log in at the broker SERVER with CERTIFICATE and KEY by MQTT 5; publish to TOPICS and listen to all; after a line
# from stdin print what came of it: the login, topics that may be written, topics that were heard.
SPEAK = """
import json, queue, sys
import paho.mqtt.client as mqtt
server, certificate, key, *topics = sys.argv[1:]
news, heard, written = queue.Queue(), set(), {}
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id='test', protocol=mqtt.MQTTv5)
client.tls_set('/usr/local/share/ca-certificates/commune-root.crt', certificate, key)
client.on_connect = lambda client, data, flags, reason, properties: news.put(str(reason))
client.on_disconnect = lambda *words: news.put('lost')  # TLS 1.3 refuses a certificate after the connection stands
client.on_subscribe = lambda *words: news.put('subscribed')
client.on_publish = lambda client, data, mid, reason, properties: news.put((mid, not reason.is_failure))
client.on_message = lambda client, data, message: heard.add(message.topic)
client.connect(server, 8883)
client.loop_start()
login = news.get(timeout=10)
if login == 'Success':
    for topic in topics:
        client.publish(topic, b'{}', qos=1)
        written[topic] = news.get(timeout=10)[1]
    client.subscribe('#', qos=1)
    assert news.get(timeout=10) == 'subscribed'
    print('listening', flush=True)
    sys.stdin.readline()
    client.subscribe('test', qos=1)
    assert news.get(timeout=10) == 'subscribed'  # what was sent before has been heard by now
else:
    print('refused', flush=True)
client.loop_stop()
may = [topic for topic in topics if written.get(topic)]
print(json.dumps({'login': login, 'written': may, 'heard': sorted(heard)}))
"""
# Sign, by this machine's own authority, a certificate whose subject is OTHER and whose alternative name is our OWN.
FORGE = """
set -eu
cd "$(mktemp -d)"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj "/CN=$1" -out request 2>/dev/null
printf 'subjectAltName=DNS:%s\\nextendedKeyUsage=clientAuth\\n' "$2" > extensions
openssl x509 -req -in request -CA /etc/commune-ca/issuer.pem -CAkey /etc/commune-ca/issuer.key -days 1 \
  -extfile extensions -out leaf 2>/dev/null
cat leaf /etc/commune-ca/issuer.pem > certificate
pwd
"""


def speak(pond, certificate, key, *topics):
    """Return what the broker let the gateway do while a reading of another went to and fro."""
    words = shlex.join([pond.fqdn(SERVER), certificate, key, *topics])
    argv = pond.commune.lab.shell_argv(GATEWAY, f"python3 -c {shlex.quote(SPEAK)} {words}")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        if program.stdout.readline() == "listening\n":
            pond.commune.on(SERVER, "/usr/local/sbin/readings-manage trial")
        said, _ = program.communicate("end\n", timeout=60)
    return json.loads(said)


def forge(pond, name):
    """Return certificate and key that the gateway's authority signed for an account."""
    words = shlex.join([name, pond.fqdn(GATEWAY)])
    folder = pond.commune.on(GATEWAY, f"sh -c {shlex.quote(FORGE)} sh {words}").strip()
    return f"{folder}/certificate", f"{folder}/key"


def test_a_gateway_writes_its_own_topics_only(pond):
    """With its own certificate a gateway writes its readings and hears its acknowledgements, and nothing of others."""
    with pond.playing(COUNTER, 0.1, {"orp": [-1, -2]}):
        pass
    pond.wait_until_settled()
    own, other = pond.fqdn(GATEWAY), pond.fqdn(SERVER)
    topics = [f"{kind}/{name}" for kind in ("readings", "status", "acknowledged") for name in (own, other)]
    said = speak(pond, "/etc/commune-tls/certificate.pem", "/etc/commune-tls/private-key.pem", *topics, "elsewhere")

    assert said == {
        "login": "Success",
        "written": [f"readings/{own}", f"status/{own}"],
        "heard": [f"acknowledged/{own}"],
    }


@pytest.mark.parametrize("forged", [True, False])
def test_a_gateway_takes_no_other_account(pond, forged):
    """A certificate that the gateway signs for another's account is refused; one for its own account is let in."""
    said = speak(pond, *forge(pond, pond.fqdn(SERVER if forged else GATEWAY)))

    assert said["login"] == ("lost" if forged else "Success"), said
