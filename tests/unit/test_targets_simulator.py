"""The resource of simulated devices: made once, adopted, started again, forgotten; its first password a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smartcommune.devices.platforms import PLATFORMS
from smartcommune.devices.simulators.kinds import SIMULATORS
from smartcommune.devices.simulators.lab import SIMULATED, SimulatorState, simulated
from smartcommune.profile.devices import KEYED, ROLES
from smartcommune.targets.provider.simulator import Simulator

INPUTS = {
    "name": "switch-1",
    "commune": "vi-huong",
    "namespace": "sc-vi-huong",
    "platform": "huawei_vrp",
    "address": "10.20.6.200",
    "prefixLength": 24,
    "port": 22,
    "vlan": 106,
    "gateway": "10.20.6.1",
    "user": "admin",
}


class Backend:
    """Simulated devices as records."""

    def __init__(self):
        self.states = {}

    def ensure(self, spec):
        """Have one, running."""
        self.states[spec.name] = SimulatorState(spec, "running")

    def read(self, name):
        """Return one."""
        return self.states.get(name)

    def destroy(self, name):
        """Forget one."""
        self.states.pop(name, None)


@pytest.fixture
def backend():
    """A lab without simulators."""
    return Backend()


@pytest.fixture
def resource(backend):
    """The resource on it."""
    return Simulator(lambda commune: backend)


def test_simulator_is_made_with_a_password_of_its_own(resource, backend):
    """The first password is generated, a secret of the state, and what the simulator comes with."""
    made = resource.create(INPUTS, urn="urn").properties

    assert backend.states["switch-1"].spec.password == made["firstPassword"]
    assert len(made["firstPassword"]) >= 12
    assert resource.secrets == {"firstPassword"}
    assert resource.drift(made) == ()


def test_what_a_cut_run_left_is_adopted(resource, backend):
    """The same create again finds the simulator and its password."""
    first = resource.create(INPUTS, urn="urn").properties
    again = resource.create(INPUTS, urn="urn").properties

    assert again == first


def test_a_stopped_simulator_is_drift_and_started_again(resource, backend):
    """One that does not run is told as such, and runs after an update with what it knew."""
    made = resource.create(INPUTS, urn="urn").properties
    backend.states["switch-1"] = replace(backend.states["switch-1"], status="stopped")
    seen = resource.read("switch-1", made)

    assert [each.property for each in resource.drift(seen)] == ["status"]
    assert resource.update("switch-1", seen, INPUTS, urn="urn")["firstPassword"] == made["firstPassword"]
    assert resource.drift(resource.read("switch-1", made)) == ()


def test_a_simulator_that_is_gone_is_gone(resource, backend):
    """What was removed by hand is made anew by the engine; removing it twice is no error."""
    made = resource.create(INPUTS, urn="urn").properties
    resource.delete("switch-1", made)
    resource.delete("switch-1", made)

    assert resource.read("switch-1", made) is None


def test_the_simulated_platforms_are_those_with_a_simulator():
    """The list that is read without loading the simulators is that of the simulators; FRR is none of them."""
    assert set(SIMULATORS) == SIMULATED
    assert set(ROLES) > SIMULATED
    assert not simulated("frr")


def test_platforms_that_a_key_opens_are_known_to_profiles():
    """Which platforms have no password is said twice, without and with what working on them needs: both agree."""
    assert {name for name, platform in PLATFORMS.items() if platform.keyed} == KEYED
