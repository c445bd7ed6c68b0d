"""The small virtual machine: QEMU without hardware help, reached by SSH on a port of the loopback interface."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.radio.image import Image

MEMORY = "1024"
COMMAND_LINE = (
    "console=ttyS0 loglevel=4 mitigations=off audit=0 selinux=0 apparmor=0 net.ifnames=0 tsc=reliable no_timer_check"
    " rcupdate.rcu_expedited=1 cryptomgr.notests random.trust_cpu=1 systemd.log_color=0"
)
BOOT_SECONDS = 240  # on a busy computer; idle ones take 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command in the machine did."""

    code: int
    out: str
    err: str


class Machine:
    """The running machine."""

    def __init__(self, folder: Path, image: Image, port: int) -> None:
        self.folder, self.image, self.port = folder, image, port
        self.ssh_options = [
            f"-oIdentityFile={image.key}",
            "-oIdentitiesOnly=yes",
            "-oUserKnownHostsFile=/dev/null",  # a throw-away machine behind a port of this computer's loopback
            "-oStrictHostKeyChecking=no",
            "-oLogLevel=ERROR",
            "-oConnectTimeout=30",
            "-oControlMaster=auto",
            f"-oControlPath={folder}/ssh-%C",
            "-oControlPersist=yes",
        ]

    def run(self, *argv: str, text: str | None = None, timeout: float = 120) -> Answer:
        """Run a command as root."""
        line = " ".join("'" + word.replace("'", "'\\''") + "'" for word in argv)
        command = ["ssh", *self.ssh_options, f"-p{self.port}", "root@127.0.0.1", line]
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, timeout=timeout, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    def check(self, *argv: str, text: str | None = None, timeout: float = 120) -> str:
        """Run a command that has to succeed, and return what it printed."""
        answer = self.run(*argv, text=text, timeout=timeout)
        assert answer.code == 0, f"{argv}: {answer.code}\n{answer.out}{answer.err}"
        return answer.out

    def write(self, path: str, text: str, mode: str = "0644") -> None:
        """Write a file."""
        self.check("install", "-D", "-m", mode, "/dev/stdin", path, text=text)

    def wait(self, *argv: str, pattern: str, seconds: float = 60) -> str:
        """Run a command until its output has a pattern; fails with the last output when it never does."""
        end = time.monotonic() + seconds
        out = ""
        while time.monotonic() < end:
            out = self.run(*argv).out
            if re.search(pattern, out):
                return out
            time.sleep(0.3)
        raise AssertionError(f"{' '.join(argv)} never said {pattern}:\n{out[-3000:]}")


@contextlib.contextmanager
def running(image: Image, folder: Path) -> Iterator[Machine]:
    """Boot the machine, and stop it at the end, whatever happens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    console = folder / "console.log"
    argv = [
        *("qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "2"),
        *("-m", MEMORY, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-drive", f"if=none,id=root,file={image.root},format=raw,readonly=on"),
        *("-device", "virtio-blk-pci,drive=root", "-device", "virtio-rng-pci"),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile=", "-serial", f"file:{console}"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initramfs), "-append", COMMAND_LINE),
    ]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as qemu:
        machine = Machine(folder, image, port)
        try:
            _wait_for_login(machine, qemu, console)
            yield machine
        finally:
            subprocess.run(
                ["ssh", *machine.ssh_options, "-Oexit", f"-p{port}", "root@127.0.0.1"], capture_output=True, check=False
            )
            qemu.kill()


def _wait_for_login(machine: Machine, qemu: subprocess.Popen[str], console: Path) -> None:
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end and qemu.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if machine.run("true", timeout=40).code == 0:
                return
        time.sleep(1)
    qemu.kill()
    said = qemu.stderr.read() if qemu.stderr else ""
    last = console.read_text(errors="replace")[-2000:] if console.exists() else ""
    raise AssertionError(f"the machine does not let anybody in:\n{said}\n{last}")
