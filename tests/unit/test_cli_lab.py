"""The lab's commands over a fake lab: each calls its verb, asks before data is lost, and answers in both forms."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from smartcommune.cli import main
from smartcommune.lab.models import Finding, Forward, LinkState, MachineSpec, MachineState, Progress
from smartcommune.lab.station import StationState
from smartcommune.text import Text


class FakeStation:
    """A client that runs programs where the test runs."""

    def __init__(self, calls, zone, options):
        self.calls, self.site = calls, options["site"] or "ubnd"
        self.address, self.hardware_address, self.resolvers = "10.20.4.101", "02:00:00:00:00:07", ("10.20.4.1",)
        self.environment = {"PATH": os.environ["PATH"], "STATION": zone}
        self.calls.append(("station", zone, *options.values()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.calls.append(("gone",))

    def argv(self, argv):
        """Return the command as it is."""
        return tuple(argv)


class FakeLab:
    """Remembers what it was asked."""

    calls: list[tuple[object, ...]]

    def __init__(self, profile):
        self.profile = profile

    def __getattr__(self, name):
        if name not in ("reboot", "kill", "cut", "restore", "stop", "wait_ready"):
            raise AttributeError(name)
        return lambda *arguments, **options: self.calls.append((name, *arguments, *options.values()))

    def list(self):
        """Return one machine."""
        spec = MachineSpec("server-1", "server", "10.20.3.10", 24, "10.20.3.1", 2**31, 2**33, ())
        return (
            MachineState(
                "server-1",
                "urn",
                "running",
                spec,
                "key",
                "base",
                2**31,
                memory_enforced=True,
                memory_used=90 * 2**20,
                disk_used=2**30,
                links=(LinkState("host0", "server", plugged=True, up=False, cut=True),),
            ),
        )

    def stations(self):
        """Return one station."""
        return (StationState("station-br-wifi-252", "ubnd", "wifi", "10.20.4.252", "02:00:00:00:00:07"),)

    def station(self, zone, **options):
        """Return a client."""
        return FakeStation(self.calls, zone, options)

    def snapshot(self, name, progress):
        """Tell one step."""
        progress(Progress(Text(vi="chép", en="copying")))
        self.calls.append(("snapshot", name))

    def reset(self, name, progress):
        """Tell one step."""
        progress(Progress(Text(vi="chép", en="copying")))
        self.calls.append(("reset", name))

    def shell_argv(self, name, command=None):
        """Return a command of this computer."""
        return ("sh", "-c", f"exit {len(name)}") if command is None else ("sh", "-c", command)

    def logs_argv(self, name, *, follow=False, unit=None):
        """Return a command of this computer."""
        return ("printf", f"{name} {follow} {unit}\\nline 2\\n")

    def open(self, names, address, port, *, zone, local_port):
        """Return a forward."""
        self.calls.append(("open", names[0], address, port, zone, local_port))
        return Forward(names[0], address, port, 8443, "https://x:8443/", "127.0.0.1 x", ("chromium", "https://x/"))


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What the fake lab was asked."""
    made: list[tuple[object, ...]] = []
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    monkeypatch.setattr(FakeLab, "calls", made, raising=False)
    monkeypatch.setattr("smartcommune.cli.privilege.become_root", lambda _: None)
    monkeypatch.setattr("smartcommune.lab.lab.Lab", FakeLab)
    monkeypatch.setattr("smartcommune.lab.cleanup.find_labs", lambda: ("vi-huong",))

    def clean(name, *, dry_run):
        made.append(("clean", name, dry_run))
        return (Finding("mount", "/x"),)

    monkeypatch.setattr("smartcommune.lab.cleanup.clean", clean)
    monkeypatch.setattr("smartcommune.cli.lab_open._write_root", lambda _: tmp_path / "root.pem")
    return made


def run(capfd, *arguments):
    """Run a command line; return exit code, stdout, stderr."""
    code = main.run(arguments, {"LANG": "C"})
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("reboot", "vi-huong", "server-1"), [("reboot", "server-1"), ("wait_ready", "server-1")]),
        (("kill", "vi-huong", "server-1"), [("kill", "server-1", False)]),
        (("kill", "vi-huong", "server-1", "--power"), [("kill", "server-1", True)]),
        (("cut", "vi-huong", "wan"), [("cut", "wan", None, None)]),
        (("cut", "vi-huong", "gateway-1", "--zone", "office"), [("cut", "gateway-1", "office", None)]),
        (("restore", "vi-huong", "wan", "--site", "ubnd"), [("restore", "wan", None, "ubnd")]),
        (("snapshot", "vi-huong"), [("snapshot", "default")]),
        (("snapshot", "vi-huong", "before"), [("snapshot", "before")]),
        (("reset", "vi-huong", "before", "--yes"), [("reset", "before")]),
        (("stop", "vi-huong"), [("stop", None)]),
        (("stop", "vi-huong", "server-1"), [("stop", "server-1")]),
        (("clean",), [("clean", "vi-huong", False)]),
        (("clean", "yen-hoa", "--dry-run"), [("clean", "yen-hoa", True)]),
        (
            ("open", "vi-huong", "cua-hang"),
            [("open", "cua-hang.phuthong.thainguyen.gov.vn", "10.20.3.10", 443, "office", None)],
        ),
        (
            ("open", "vi-huong", "phuthong.thainguyen.gov.vn", "--zone", "wifi", "--port", "9443"),
            [("open", "phuthong.thainguyen.gov.vn", "10.20.3.10", 443, "wifi", 9443)],
        ),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_each_verb_reaches_the_lab(capfd, calls, arguments, expected):
    """A verb is one call, told in words, and as a document with --json."""
    code, out, err = run(capfd, "lab", *arguments)
    assert (code, calls) == (0, expected)
    assert out
    assert "Traceback" not in err

    assert isinstance(json.loads(run(capfd, "--json", "lab", *arguments)[1]), dict)


def test_reset_asks_before_data_is_lost(capfd, calls):
    """Without --yes and a terminal nothing is reset."""
    assert run(capfd, "lab", "reset", "vi-huong")[0] == 2
    assert calls == []


def test_list_shows_machines(capfd, calls):
    """A machine is one line with its state, and says when its link is cut."""
    code, out, _ = run(capfd, "lab", "list")

    assert code == 0
    assert out.splitlines()[1].split() == [
        "vi-huong",
        "server-1",
        "running",
        "10.20.3.10",
        "90",
        "MiB",
        "1",
        "GiB",
        "link",
        "cut",
    ]
    assert out.splitlines()[2].split() == [
        "vi-huong",
        "station-br-wifi-252",
        "station",
        "10.20.4.252",
        "–",
        "–",
        "wifi",
    ]
    machine, station = json.loads(run(capfd, "lab", "list", "--json")[1])
    assert (machine["status"], machine["links"][0]["cut"]) == ("running", True)
    assert (station["zone"], station["hardware_address"]) == ("wifi", "02:00:00:00:00:07")


def test_a_station_runs_a_command_and_goes(capfd, calls):
    """Zone and addresses are passed on, the command's exit status is ours, and the station goes in any case."""
    asked = ("--site", "tram", "--address", "10.20.4.9", "--mac", "02:0:0:0:0:1")
    command = ("--", "sh", "-c", "echo $STATION; exit 5")
    code, out, err = run(capfd, "lab", "station", "vi-huong", "wifi", *asked, *command)
    assert (code, out) == (5, "wifi\n")
    assert "10.20.4.101 (02:00:00:00:00:07), name servers: 10.20.4.1" in err
    assert calls == [("station", "wifi", "tram", "10.20.4.9", "02:0:0:0:0:1"), ("gone",)]


def test_a_station_answers_with_one_document(capfd, calls):
    """With --json its addresses and the command's words are one document; a shell has none."""
    told = json.loads(run(capfd, "--json", "lab", "station", "vi-huong", "wifi", "--", "echo", "a")[1])
    assert (told["address"], told["name_servers"], told["stdout"]) == ("10.20.4.101", ["10.20.4.1"], "a\n")
    assert run(capfd, "--json", "lab", "station", "vi-huong", "wifi")[0] == 2
    assert calls == [("station", "wifi", None, None, ""), ("gone",)]


def test_a_router_says_which_of_its_links_are_cut(capfd, calls, monkeypatch):
    """A machine with several links names the zones whose link is down."""
    (machine,) = FakeLab("vi-huong").list()
    links = tuple(
        LinkState(zone, zone, plugged=True, up=zone != "office", cut=zone == "office") for zone in ("wan", "office")
    )
    monkeypatch.setattr(FakeLab, "list", lambda _: (replace(machine, links=links),))
    assert run(capfd, "lab", "list")[1].splitlines()[1].endswith("link cut: office")


def test_shell_ends_with_the_status_of_what_ran(capfd, calls):
    """A command's own arguments are its own, and its exit status is ours."""
    assert run(capfd, "lab", "shell", "vi-huong", "server-1")[0] == len("server-1")
    assert run(capfd, "lab", "shell", "vi-huong", "server-1", "--", "echo", "--json", "a b")[:2] == (0, "--json a b\n")


@pytest.mark.parametrize(("command", "status"), [("exit 130", 130), ("kill -KILL $$", 137)])
def test_a_shell_that_is_interrupted_says_no_more(capfd, calls, command, status):
    """What runs there has the terminal: its end by a signal is the exit status, and no advice follows."""
    code, _, err = run(capfd, "lab", "shell", "vi-huong", "server-1", "--", "sh", "-c", command)

    assert (code, "error" in err) == (status, False)


def test_shell_answers_with_one_document(capfd, calls):
    """With --json what the command wrote and how it ended are one document; options after -- are the command's."""
    code, out, err = run(
        capfd, "lab", "shell", "vi-huong", "server-1", "--json", "--", "sh", "-c", "echo a; echo b >&2; exit 3"
    )
    told = json.loads(out)

    assert (code, err) == (3, "")
    assert (told["machine"], told["stdout"], told["stderr"], told["exit_code"]) == ("server-1", "a\n", "b\n", 3)


def test_shell_without_a_command_has_no_document(capfd, calls):
    """An interactive shell cannot be a document: wrong use, with what to do."""
    code, out, _ = run(capfd, "--json", "lab", "shell", "vi-huong", "server-1")

    assert code == 2
    assert "after --" in json.loads(out)["error"]["todo"]["en"]


def test_logs_are_shown_or_a_document(capfd, calls):
    """Lines as they are, or a list of them."""
    assert run(capfd, "lab", "logs", "vi-huong", "server-1", "-u", "nginx")[1] == "server-1 False nginx\nline 2\n"
    document = json.loads(run(capfd, "lab", "logs", "vi-huong", "server-1", "--follow", "--json")[1])

    assert document["lines"] == ["server-1 False None", "line 2"]


def test_open_without_a_name_lists_what_can_be_opened(capfd, calls):
    """The list needs no lab and no root."""
    out = run(capfd, "lab", "open", "vi-huong")[1]

    assert "smartcommune lab open vi-huong cua-hang" in out
    assert calls == []


def test_a_lab_that_does_not_stand_is_said(capfd, calls, monkeypatch):
    """What needs machines names the command that makes them; stopping nothing is no failure."""
    monkeypatch.setattr(FakeLab, "list", lambda _: ())
    monkeypatch.setattr(FakeLab, "read_network", lambda _: None, raising=False)
    code, _, err = run(capfd, "lab", "shell", "vi-huong", "server-1")

    assert code == 2
    assert "→ run: smartcommune apply vi-huong --target lab" in err
    assert run(capfd, "lab", "stop", "vi-huong")[0] == 0
