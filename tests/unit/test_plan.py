"""Plans: actions on hosts with their reasons, and refusing a saved plan when the world moved on."""

from __future__ import annotations

import dataclasses

import pytest

from smartcommune.catalogue.loader import load_catalogue
from smartcommune.converge.results import ConvergeResult, HostChange, HostFailure, HostResult
from smartcommune.converge.tracking import checking, installing
from smartcommune.errors import NotProvisionedError, PlanChangedError, UsageError
from smartcommune.plan import check_plan, make_plan
from smartcommune.plan import make as make_module
from smartcommune.plan.hosts import host_actions, host_seconds
from smartcommune.plan.plan import load_plan, save_plan
from smartcommune.site import load_site
from smartcommune.targets.outputs import HostOutput, KeyPair, Outputs
from smartcommune.targets.planning import MachinesPlan
from smartcommune.targets.timings import save_timings
from smartcommune.text import Text

CHANGE = HostChange(
    "server-1", "base", "Load the firewall", "+ tcp dport 443", "diff", "roles/base/tasks/firewall.yml", 9
)


@pytest.fixture(scope="module")
def site():
    """The pilot commune in the lab."""
    return load_site("vi-huong", "lab")


@pytest.fixture(scope="module")
def catalogue():
    """The roles' own entries."""
    return load_catalogue()


@pytest.fixture
def known(site):
    """Timings of a commune whose services were all installed once."""
    return {installing(host.name, service.name): 7.0 for host in site.hosts for service in host.services}


class FakeStack:
    """Stands in for the stack: nothing to do on machines, and every host stands or none does."""

    lock = 0

    def __init__(self, site, *, stands=True, unready=()):
        self.site, self.stands, self.unready = site, stands, unready

    def preview(self):
        """Foresee nothing."""
        return MachinesPlan((), "machines", 0.0, unready=self.unready)

    def outputs(self):
        """Return the hosts."""
        if not self.stands:
            raise NotProvisionedError(Text(vi="chưa", en="not yet"))
        hosts = {host.name: HostOutput(host.name, host.address, 22, "commune", "key") for host in self.site.hosts}
        return Outputs(hosts, {}, KeyPair("public", "private"), "root", {})


@pytest.fixture
def world(monkeypatch, tmp_path, site, known):
    """A commune that was installed; ``found`` is what its hosts show in check mode."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    save_timings(tmp_path / "vi-huong" / "lab" / "timings.json", known)
    found = {"changes": (CHANGE,), "hosts": {"server-1": HostResult(changed=1), "gateway-1": HostResult(ok=1)}}
    found["failures"] = ()
    asked = []

    def look(_site, _outputs, **options):
        asked.append(options)
        return ConvergeResult(found["hosts"], found["changes"], 1.0, found["failures"])

    monkeypatch.setattr(make_module, "run_playbook", look)
    found["asked"] = asked
    return found


def test_drift_is_named_with_its_task_and_detail(site, catalogue, known):
    """A task that would change something is an update, with what differs and where the task stands."""
    (action,) = host_actions(site, catalogue, (CHANGE,), known, frozenset())

    assert (action.kind, action.detail) == ("update", "+ tcp dport 443")
    assert action.subject.vi == "server-1: Nền tảng máy chủ"
    assert "Load the firewall" in action.reason.en
    assert (action.sources[0].file, action.sources[0].line) == ("roles/base/tasks/firewall.yml", 9)


def test_services_of_a_new_machine_are_to_be_installed(site, catalogue, known):
    """On a machine that is made anew every service is installed, with the time that took before."""
    actions = host_actions(site, catalogue, (), known, frozenset({"gateway-1"}))

    assert [action.detail for action in actions] == [service.name for service in site.host("gateway-1").services]
    assert {(action.kind, action.seconds) for action in actions} == {("create", 7.0)}


def test_a_service_new_on_a_machine_is_one_line(site, catalogue, known):
    """A service that never was installed is one line, however many tasks it has."""
    del known[installing("server-1", "base")]

    (action,) = host_actions(site, catalogue, (CHANGE, CHANGE), known, frozenset())
    assert (action.kind, action.seconds) == ("create", float(catalogue["base"].install_seconds))


def test_what_goes_is_a_removal_also_where_the_service_is_new(site, catalogue, known):
    """A task that takes something away is a removal, named even where the rest is one line."""
    removal = dataclasses.replace(CHANGE, detail="- /etc/sudoers.d/evil", diff="-evil", removes=True)
    (action,) = host_actions(site, catalogue, (removal,), known, frozenset())
    del known[installing("server-1", "base")]
    new = host_actions(site, catalogue, (CHANGE, removal), known, frozenset())

    assert (action.kind, action.detail) == ("delete", "- /etc/sudoers.d/evil")
    assert [each.kind for each in new] == ["create", "delete"]


def test_what_two_services_share_changes_once(site, catalogue, known):
    """A file that two services of a host keep is written by the first; changes that show no diff are told apart."""
    shared = dataclasses.replace(CHANGE, role="internal_ca")
    silent = [dataclasses.replace(change, diff="") for change in (CHANGE, shared)]
    kinds = [len(host_actions(site, catalogue, found, known, frozenset())) for found in ((CHANGE, shared), silent)]

    assert kinds == [1, 2]


def test_hosts_work_side_by_side(site):
    """The time of a run is that of its slowest host."""
    assert host_seconds(site, {("server-1", "a"): 5.0, ("server-1", "b"): 6.0, ("gateway-1", "a"): 8.0}) == 11.0


def test_nothing_stands_yet(site, catalogue, world):
    """Before the first apply no host is asked, and everything is to be installed."""
    plan = make_plan(site, catalogue, FakeStack(site, stands=False))

    assert world["asked"] == []
    assert {action.kind for action in plan.hosts} == {"create"}
    assert not plan.empty


def test_standing_hosts_are_asked_in_check_mode(site, catalogue, world):
    """Hosts that stand are looked at without changing them."""
    plan = make_plan(site, catalogue, FakeStack(site))

    assert [(asked["check"], asked["limit"]) for asked in world["asked"]] == [(True, ("gateway-1", "server-1"))]
    assert len(plan.hosts) == 1


def test_a_machine_that_is_mended_first_is_not_looked_into(site, catalogue, world):
    """What does not run is not asked, and the plan says that its inside was not seen."""
    stack = FakeStack(site, unready=("server-1",))
    plan = make_plan(site, catalogue, stack)

    assert [asked["limit"] for asked in world["asked"]] == [("gateway-1",)]
    assert (plan.unseen, plan.not_reached) == (("server-1",), ())


def test_a_task_that_cannot_foresee_is_in_the_plan(site, catalogue, world):
    """A failed look is no empty plan."""
    world["changes"], world["failures"] = (), (HostFailure("server-1", "base", "Look", Text(vi="hỏng", en="broken")),)
    plan = make_plan(site, catalogue, FakeStack(site))

    assert (plan.hosts, plan.failures, plan.empty) == ((), world["failures"], False)


def test_a_service_found_as_it_should_be_is_known(site, catalogue):
    """A run that went through a service and changed nothing has seen it installed."""
    known = {checking(host.name, service.name): 1.0 for host in site.hosts for service in host.services}

    assert host_actions(site, catalogue, (), known, frozenset()) == ()


def test_a_lost_host_is_named(site, catalogue, world):
    """Of a host that does not answer nothing is known, and the plan says so."""
    world["hosts"] = {"server-1": HostResult(unreachable=True), "gateway-1": HostResult(ok=1)}

    assert make_plan(site, catalogue, FakeStack(site)).not_reached == ("server-1",)


def test_a_saved_plan_holds_while_nothing_changed(site, catalogue, world, tmp_path):
    """A plan comes back from its file as it was, and is accepted in an unchanged world."""
    plan = make_plan(site, catalogue, FakeStack(site))
    save_plan(plan, tmp_path / "saved.plan")
    loaded = load_plan(tmp_path / "saved.plan")

    assert loaded == plan
    check_plan(loaded, site, catalogue, FakeStack(site))


def test_a_saved_plan_is_refused_when_hosts_changed(site, catalogue, world):
    """Another drift than the one planned for is refused, before anything is touched."""
    plan = make_plan(site, catalogue, FakeStack(site))
    world["changes"] = (CHANGE, dataclasses.replace(CHANGE, task="Run the SSH server"))

    with pytest.raises(PlanChangedError):
        check_plan(plan, site, catalogue, FakeStack(site))


def test_a_plan_of_another_commune_is_refused(site, catalogue, world):
    """A plan is for one commune on one target."""
    plan = dataclasses.replace(make_plan(site, catalogue, FakeStack(site)), profile="yen-hoa")

    with pytest.raises(UsageError, match="yen-hoa"):
        check_plan(plan, site, catalogue, FakeStack(site))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff"])
def test_a_file_that_is_no_plan_is_refused(tmp_path, content):
    """Anything but a saved plan is wrong use."""
    (tmp_path / "x").write_bytes(content)

    with pytest.raises(UsageError):
        load_plan(tmp_path / "x")
