"""Examples of each command, shown by its help and in the reference."""

from __future__ import annotations

EXAMPLES: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("smartcommune apply vi-huong", "smartcommune --lang vi report vi-huong", "smartcommune --install-completion"),
    ("validate",): ("smartcommune validate vi-huong", "smartcommune validate --json my/profile.yml"),
    ("explain",): ("smartcommune explain vi-huong", "smartcommune explain vi-huong 443"),
    ("plan",): (
        "smartcommune plan vi-huong",
        "smartcommune plan vi-huong --out vi-huong.plan",
        "smartcommune plan vi-huong --exit-code",
    ),
    ("apply",): (
        "smartcommune apply vi-huong",
        "smartcommune apply vi-huong --yes --limit server-1",
        "smartcommune apply vi-huong --plan vi-huong.plan",
    ),
    ("verify",): ("smartcommune verify vi-huong", "smartcommune verify vi-huong --limit server-1 --json"),
    ("report",): ("smartcommune report vi-huong", "smartcommune report vi-huong --open"),
    ("status",): ("smartcommune status vi-huong",),
    ("backup",): ("smartcommune backup vi-huong", "smartcommune backup vi-huong --limit server-1"),
    ("restore",): (
        "smartcommune restore vi-huong",
        "smartcommune restore vi-huong --stamp 20261124T020000Z",
        "smartcommune restore vi-huong --away --limit server-1",
    ),
    ("drill",): ("smartcommune drill vi-huong", "smartcommune drill vi-huong --target existing --json"),
    ("destroy",): ("smartcommune destroy vi-huong", "smartcommune destroy vi-huong --yes"),
    ("unlock",): ("smartcommune unlock vi-huong",),
    ("doctor",): ("smartcommune doctor", "smartcommune doctor --no-lab"),
    ("devices",): ("smartcommune devices list vi-huong", "smartcommune devices diff vi-huong"),
    ("devices", "list"): ("smartcommune devices list vi-huong",),
    ("devices", "show"): ("smartcommune devices show vi-huong switch-1",),
    ("devices", "diff"): ("smartcommune devices diff vi-huong --limit switch-1 --exit-code",),
    ("devices", "backup"): ("smartcommune devices backup vi-huong",),
    ("lab",): ("smartcommune lab list", "smartcommune lab open vi-huong cua-hang"),
    ("lab", "list"): ("smartcommune lab list", "smartcommune lab list vi-huong --json"),
    ("lab", "shell"): (
        "smartcommune lab shell vi-huong server-1",
        "smartcommune lab shell vi-huong server-1 -- systemctl --failed",
        "smartcommune lab shell vi-huong server-1 --json -- ip --json address",
    ),
    ("lab", "logs"): ("smartcommune lab logs vi-huong server-1 --follow --unit nginx",),
    ("lab", "open"): ("smartcommune lab open vi-huong", "smartcommune lab open vi-huong cua-hang --zone office"),
    ("lab", "reboot"): ("smartcommune lab reboot vi-huong server-1",),
    ("lab", "kill"): ("smartcommune lab kill vi-huong server-1", "smartcommune lab kill vi-huong server-1 --power"),
    ("lab", "station"): (
        "smartcommune lab station vi-huong wifi -- curl --head http://example.com/",
        "smartcommune lab station vi-huong office --address 10.20.2.200 -- nmap 10.20.3.10",
    ),
    ("lab", "sensor"): (
        "smartcommune lab sensor vinh-hung",
        "smartcommune lab sensor vinh-hung ao-1-oxy --set dissolved_oxygen=3.1 --count 3 --every 5",
    ),
    ("lab", "cut"): (
        "smartcommune lab cut vi-huong server-1",
        "smartcommune lab cut vi-huong gateway-1 --zone office",
        "smartcommune lab cut vi-huong wan",
    ),
    ("lab", "restore"): ("smartcommune lab restore vi-huong wan",),
    ("lab", "snapshot"): ("smartcommune lab snapshot vi-huong before-upgrade",),
    ("lab", "reset"): ("smartcommune lab reset vi-huong before-upgrade --yes",),
    ("lab", "stop"): ("smartcommune lab stop vi-huong", "smartcommune lab stop vi-huong server-1"),
    ("lab", "clean"): ("smartcommune lab clean", "smartcommune lab clean --dry-run"),
}


def examples_of(path: tuple[str, ...], program: str) -> list[str]:
    """Return a command's examples as they are typed for ``program``."""
    return [program + line.removeprefix("smartcommune") for line in EXAMPLES.get(path, ())]
