"""Progress and results out of the callback's events, and known failures in plain words."""

from __future__ import annotations

import pytest

from smartcommune.converge.failures import LONGEST, explain, explain_unreachable
from smartcommune.converge.tracking import Tracker, checking, expectations, installing, summarize
from smartcommune.site import load_site


def ended(state, **more):
    """Return an event of a task that ended after two seconds."""
    names = {"host": "server-1", "role": "base", "task": "Write the firewall", "path": "/root/roles/base/x.yml:9"}
    return {"event": "ended", **names, "state": state, "seconds": 2.0, "message": "", "diff": "", **more}


@pytest.fixture
def tracker():
    """A tracker that expects ten seconds of base and thirty of the shop."""
    return Tracker({("server-1", "base"): 10.0, ("server-1", "shop"): 30.0}, "/root")


def test_progress_tells_time_spent_and_expected(tracker):
    """Each event says how long the role has taken, what was expected, and how far the host is."""
    tracker.take(ended("ok"))
    told = tracker.take(ended("changed"))

    assert (told.role_seconds, told.role_expected, told.fraction) == (4.0, 10.0, 0.1)


def test_a_slow_role_does_not_run_ahead(tracker):
    """A role that takes longer than expected counts as its expected share."""
    told = tracker.take(ended("ok", seconds=99.0))

    assert told.fraction == 0.25


def test_changes_name_task_file_and_detail(tracker):
    """A change is kept with the place of its task and the gist of its diff."""
    tracker.take(ended("changed", diff="--- a\n+++ a\n@@ -1 +1 @@\n-old\n+new\n"))
    change = tracker.result(3.0, None).changes[0]

    assert (change.file, change.line, change.detail) == ("roles/base/x.yml", 9, "- old; + new")
    assert not change.removes


def test_a_removal_is_kept_as_one(tracker):
    """What a module says it takes away is told apart from what it changes."""
    tracker.take(ended("changed", removes=True))

    assert tracker.result(3.0, None).changes[0].removes


def test_results_count_states(tracker):
    """The result counts what happened on each host; a changed task is an ok one too."""
    for state in ("ok", "changed", "skipped", "failed"):
        tracker.take(ended(state))
    result = tracker.result(8.0, None)
    host = result.hosts["server-1"]

    assert (host.ok, host.changed, host.skipped, host.failed, host.unreachable) == (2, 1, 1, 1, False)
    assert result.failures[0].task == "Write the firewall"
    assert tracker.finished_roles() == frozenset()


def test_a_lost_host_says_why(tracker):
    """An unreachable host is no failed one, and its reason is in both languages."""
    tracker.take(ended("unreachable", message="ssh: connect to host: Connection timed out"))
    host = tracker.result(1.0, None).hosts["server-1"]

    assert (host.failed, host.unreachable) == (0, True)
    assert "does not answer by SSH" in host.reason.en
    assert "không tới được máy" in host.reason.vi


def test_an_unknown_state_is_refused(tracker):
    """A state that the callback does not know is an error, not a silent nothing."""
    with pytest.raises(ValueError, match="unknown state"):
        tracker.take(ended("odd"))


@pytest.mark.parametrize(
    ("words", "gist"),
    [
        ("dpkg: error: No space left on device", "disk is full"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", "another package installation"),
        ("E: Failed to fetch http://x  Unable to connect to 10.20.3.1:3142:", "province's mirror"),
        ("E: Unable to locate package nginx", "mirror lacks a package"),
        ("the change of ssh was undone 60 s after it was made, since …", "undone by the machine itself"),
        ("the change of firewall was undone when the machine started again, …", "undone by the machine itself"),
        ("the change of ssh failed; all is as it was before: sshd: line 3", "did not hold and was undone"),
    ],
)
def test_known_failures_are_told_in_words(words, gist):
    """A known failure says what happened and what to do, in both languages, with the program's own line."""
    text = explain(words)

    assert gist in text.en
    assert words in text.en
    assert text.vi != text.en


def test_unknown_failures_are_shown_short():
    """A failure nobody foresaw keeps its first and last lines."""
    text = explain("\n".join(f"line {number}" for number in range(100)))

    assert text.en.startswith("line 0\n…\n")
    assert text.en.endswith("line 99")
    assert len(text.en.splitlines()) <= LONGEST


def test_a_changed_host_key_is_an_incident():
    """A machine with another key is told apart from one that is switched off."""
    assert "treat it as an incident" in explain_unreachable("Host key verification failed.").en


def test_expectations_prefer_what_was_measured():
    """A standing host's role takes what checking took; a new one's what installing took, else the estimate."""
    site = load_site("vi-huong", "lab")
    timings = {checking("server-1", "base"): 3.0, installing("server-1", "base"): 40.0}
    estimate = float(site.host("gateway-1").services[0].install_seconds)

    assert expectations(site, timings)["server-1", "base"] == 3.0
    assert expectations(site, timings, frozenset({"server-1"}))["server-1", "base"] == 40.0
    assert expectations(site, timings)["gateway-1", "base"] == estimate


def test_summaries_leave_headers_out():
    """The gist of a diff is what was taken away and what was added."""
    assert summarize("--- x\n+++ x\n@@ -0,0 +1 @@\n+  indented\n") == "+ indented"


def test_what_a_role_refuses_is_told_in_both_languages():
    """A role writes what it refuses as «Vietnamese | English»; what a program prints is never taken apart."""
    text = explain("a: sửa nó | a: correct it\nb: sửa nó | b: correct it", refused=True)

    assert text.vi == "a: sửa nó\nb: sửa nó"
    assert text.en == "a: correct it\nb: correct it"
    assert explain("fatal | no such table").vi == "fatal | no such table"
