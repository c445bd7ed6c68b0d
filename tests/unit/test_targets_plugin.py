"""The provider as a plugin process: the engine's handshake, and its end."""

import subprocess
import sys
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from smartcommune import __version__
from tests.waiting import wait_until

# A parent that starts the plugin, hands on its port and pid, and is then killed.
PARENT = """
import subprocess, sys
argv = [sys.executable, "-m", "smartcommune.targets.provider", "127.0.0.1:1"]
plugin = subprocess.Popen(argv, stdout=subprocess.PIPE)
print(plugin.pid, plugin.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
"""


def test_it_serves_and_ends_with_the_engine() -> None:
    """It prints its port, answers, and goes away when the engine that started it was killed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, port = parent.stdout.readline().split()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
    parent.kill()
    parent.communicate()

    assert info.version == __version__
    wait_until(
        lambda: not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(),
        "the plugin ends with its engine", seconds=15, step=0.05,
    )  # fmt: skip
