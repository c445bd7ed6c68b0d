"""The passphrase of the state."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smartcommune.errors import UsageError
from smartcommune.targets.passphrase import ensure_passphrase, load_passphrase


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder."""
    monkeypatch.setenv("SMARTCOMMUNE_STATE", str(tmp_path))
    return tmp_path


def test_it_is_made_once_and_for_the_owner_only(state: Path) -> None:
    """First use makes a file of mode 0600; later uses keep it; the engine is told its name, not its content."""
    first = ensure_passphrase({})
    content = (state / "passphrase").read_text()

    assert first == {"PULUMI_CONFIG_PASSPHRASE_FILE": str(state / "passphrase")}
    assert stat.S_IMODE((state / "passphrase").stat().st_mode) == 0o600
    assert len(content.strip()) == 64
    assert ensure_passphrase({}) == first
    assert load_passphrase({}) == content.strip()
    assert [path.name for path in state.iterdir()] == ["passphrase"]


def test_many_first_users_share_one(state: Path) -> None:
    """Runs that start at the same time end up with one passphrase, whole."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ensure_passphrase, [{}] * 32))
        seen = set(pool.map(load_passphrase, [{}] * 32))

    assert len(seen) == 1
    assert len(seen.pop()) == 64


@pytest.mark.parametrize("variable", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_the_users_own_wins(state: Path, variable: str) -> None:
    """What the user's environment says is used, and nothing is made."""
    own = state / "own"
    own.write_text("hai ba\n")
    environ = {variable: "hai ba" if variable.endswith("PHRASE") else str(own)}

    assert ensure_passphrase(environ) == {}
    assert load_passphrase(environ) == "hai ba"
    assert not (state / "passphrase").exists()


def test_a_lost_passphrase_is_one_clear_error() -> None:
    """Without a passphrase the message says where it was looked for and what to do."""
    with pytest.raises(UsageError, match="cannot be read") as error:
        load_passphrase({})

    assert error.value.todo is not None
    assert "backup" in error.value.todo.en


def test_a_file_that_others_read_is_refused(state: Path) -> None:
    """Our own file must be readable by its owner only."""
    ensure_passphrase({})
    (state / "passphrase").chmod(0o644)

    with pytest.raises(UsageError, match="readable by others"):
        load_passphrase({})
