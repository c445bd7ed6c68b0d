"""The resident parent of one lab machine: ``python -S -m smartcommune.lab.launcher CONFIG``.

It survives the toolkit, and whatever kills it takes the whole machine along and leaves nothing behind: the machine
lives in a PID namespace that dies with it, and in a mount namespace whose end unmounts the disk and frees the loop
device. TERM is passed on and means an orderly shutdown; when the machine reboots (status 133) it is started again.

Standard library only. ``CONFIG`` is JSON: see :class:`Config`.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from smartcommune.lab import cgroup, loop, namespaces, process
from smartcommune.lab.ports import PLUGGED, Port, load_cuts, plug_lines

REBOOT_STATUS = 133
_DETACH_TIMEOUT = 20.0
_STEP = 0.005


@dataclass(frozen=True, slots=True)
class Config:
    """What the launcher must know: the machine's folder and base image, its namespace, links and names.

    ``cgroup`` is (parent, name) where the lab keeps groups itself; ``unit`` is the unit that systemd gave this process.
    """

    directory: str
    base: str
    netns: str
    ports: tuple[Port, ...]
    machine: str
    hostname: str
    cgroup: tuple[str, str] | None
    unit: str

    @property
    def image(self) -> Path:
        """The machine's disk."""
        return Path(self.directory, "disk.img")


def load_config(argument: str) -> Config:
    """Return the configuration that the toolkit wrote as JSON."""
    values = json.loads(argument)
    values["cgroup"] = tuple(values["cgroup"]) if values["cgroup"] else None
    values["ports"] = tuple(Port(**port) for port in values["ports"])
    return Config(**values)


def say(message: str) -> None:
    """Write a line to the console log, where the user looks when a machine does not start."""
    sys.stderr.write(f"lab: {message}\n")
    sys.stderr.flush()


def join_groups(config: Config) -> dict[cgroup.Hierarchy, Path]:
    """Enter the machine's control groups and return their tops."""
    tops = cgroup.own(*config.cgroup) if config.cgroup else cgroup.of_unit("self", config.unit)
    for refusal in cgroup.enter(tops):
        say(f"control group not used: {refusal}")
    return tops


def overlay_options(base: str, disk: Path) -> str:
    """Return overlayfs's mount data; colons, commas and backslashes in a path are escaped for it."""

    def escaped(path: str) -> str:
        return "".join("\\" + letter if letter in "\\:," else letter for letter in path)

    return f"lowerdir={escaped(base)},upperdir={escaped(str(disk / 'up'))},workdir={escaped(str(disk / 'work'))}"


def mount_root(config: Config) -> Path:
    """Mount disk and overlay in this process's own mount namespace and return the machine's root."""
    directory = Path(config.directory)
    namespaces.unshare(namespaces.CLONE_NEWNS)
    # Slave, not private: what the computer unmounts later is not held back by our copy of its mounts.
    namespaces.mount("none", "/", "none", namespaces.MS_REC | namespaces.MS_SLAVE)
    flags = namespaces.MS_NOSUID | namespaces.MS_NODEV | namespaces.MS_NOEXEC
    namespaces.mount("proc", "/proc", "proc", flags)
    # nspawn keeps notes by machine name below /run: a /run of our own leaves none behind, nor meets another lab's.
    namespaces.mount("tmpfs", "/run", "tmpfs", namespaces.MS_NOSUID | namespaces.MS_NODEV, "mode=0755")
    disk, root = directory / "disk", directory / "root"
    for attempt in range(10):
        loop.ensure_free_node()
        # noinit_itable: the kernel would otherwise fill the sparse image with zeroes in the background.
        command = ["mount", "-n", "-t", "ext4", "-o", "loop,noinit_itable", str(config.image), str(disk)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        if attempt == 9 or "loop device" not in done.stderr:  # another machine may have taken the free one
            raise OSError(done.stderr.strip())
        time.sleep(0.05)
    namespaces.mount("overlay", str(root), "overlay", 0, overlay_options(config.base, disk))
    return root


def nspawn_argv(config: Config, root: Path) -> list[str]:
    """Return the command that boots the machine."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--boot",
        f"--directory={root}",
        f"--machine={config.machine}",
        f"--hostname={config.hostname}",
        "--private-network",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
        "--",
        "--show-status=true",  # systemd's own option: its progress is what the console log is for
    ]


def boot(config: Config, tops: dict[cgroup.Hierarchy, Path], life: tuple[int, int]) -> None:
    """Become the machine's PID 1 outside: mount its root and start nspawn. Runs in the child, does not return."""
    os.close(life[1])
    namespaces.die_with_parent(signal.SIGKILL)
    os.set_blocking(life[0], False)
    try:
        orphan = os.read(life[0], 1) == b""  # the parent died before the line above took effect
    except BlockingIOError:
        orphan = False
    if orphan:
        os._exit(1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    cgroup.enter_machine(tops)
    argv = nspawn_argv(config, mount_root(config))
    os.execvp(argv[0], argv)


def network_of(pid: int | str) -> int | None:
    """Return the number of a process's network namespace, None when it is gone."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino  # noqa: PTH116 - a stat, not a path
    except OSError:
        return None


def plug_in(config: Config, child: int) -> bool:
    """Give the machine its links as soon as it has a network of its own, long before it looks for them.

    A link that is cut is down from the start. Returns False, with the reason in the console log, when that fails.
    """
    here, first = network_of("self"), None
    while first is None:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True  # it ended by itself, and has said why
        inside = (pid for pid in process.children(child) if network_of(pid) not in (None, here))
        first = next(inside, None)
        if first is None:
            time.sleep(_STEP)
    cuts = load_cuts(Path(config.directory))
    lines = [line for port in config.ports for line in plug_lines(port, first, up=port.name not in cuts)]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(["ip", "-batch", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        say(f"no link: {done.stderr.strip()}")
        return False
    partial = Path(config.directory, f".{PLUGGED}")
    partial.write_text(f"{first} {process.start_ticks(first)}\n")
    partial.replace(Path(config.directory, PLUGGED))
    return True


def run_once(config: Config, tops: dict[cgroup.Hierarchy, Path]) -> int:
    """Boot the machine once and return its exit status when it has ended."""
    if not loop.wait_detached(config.image, _DETACH_TIMEOUT):
        say(f"{config.image} is still mounted elsewhere")
        return 1
    # The kernel takes a dead machine's links away a little later than its processes: their names would be taken.
    for port in config.ports:
        subprocess.run(["ip", "link", "delete", port.outside], capture_output=True, check=False)
    life = os.pipe()
    here = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    namespaces.unshare(namespaces.CLONE_NEWPID)
    child = os.fork()
    if child == 0:
        try:
            boot(config, tops, life)
        except OSError as error:
            say(str(error))
        finally:
            os._exit(1)
    namespaces.setns(here, namespaces.CLONE_NEWPID)  # a later fork must not land in the dead machine's namespace
    os.close(here)
    os.close(life[0])

    def forward(number: int, _frame: object) -> None:
        os.kill(child, number)

    signal.signal(signal.SIGTERM, forward)
    if not plug_in(config, child):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.close(life[1])
    return os.waitstatus_to_exitcode(status)


def main(argument: str) -> int:
    """Run the machine until it is shut down; return its exit status."""
    config = load_config(argument)
    # A second launcher on the same disk would destroy its file system.
    image = os.open(config.image, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(image, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("the machine runs already")
        return 1
    tops = join_groups(config)
    namespaces.enter(Path(config.netns), namespaces.CLONE_NEWNET)
    while (status := run_once(config, tops)) == REBOOT_STATUS:
        say("rebooting")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
