"""Checks of the database server: it answers, keeps what it acknowledged, gives each service its own database only."""

import pytest

UNIT = "postgresql@17-main.service"
ROLES = """
    select rolname || '|' || (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)
    from pg_roles where rolname !~ '^pg_'
    and (rolcanlogin or rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)
"""
DATABASES = """
    select datname || '|' || pg_get_userbyid(datdba)
    from pg_database where not datistemplate and datname <> 'postgres'
"""
LISTENING = """
    select string_agg(setting, '|' order by name)
    from pg_settings where name in ('listen_addresses', 'password_encryption', 'ssl')
"""


def ask(host, query):
    """Return the server's answer to a query, line by line."""
    with host.sudo("postgres"):
        return host.check_output("psql --no-psqlrc --tuples-only --no-align --command %s", query).splitlines()


@pytest.mark.title(vi="Máy chủ cơ sở dữ liệu trả lời", en="The database server answers")
def test_server_answers(host):
    """The database server answers."""
    assert host.service(UNIT).is_running
    assert host.run("pg_isready --quiet --host=/run/postgresql").succeeded


@pytest.mark.title(vi="Dữ liệu đã xác nhận được ghi xuống đĩa", en="What was acknowledged is on the disk")
@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"])
def test_acknowledged_data_is_durable(host, setting):
    """What was acknowledged is on the disk."""
    assert ask(host, f"show {setting}") == ["on"]


@pytest.mark.title(vi="Không trang dữ liệu nào hỏng", en="No data page is damaged")
def test_no_page_is_damaged(host):
    """No data page is damaged."""
    assert ask(host, "select coalesce(sum(checksum_failures), 0) from pg_stat_database") == ["0"]


@pytest.mark.title(
    vi="Mỗi dịch vụ có đúng một tài khoản, không quyền thừa", en="Each service has one account without further power"
)
def test_accounts_are_those_granted(host, commune):
    """Each service has one account without further power."""
    granted = {grant["consumer"] for grant in commune.get("postgresql_grants", [])}

    assert set(ask(host, ROLES)) == {"postgres|true", *(f"{name}|false" for name in granted)}


@pytest.mark.title(vi="Mỗi dịch vụ sở hữu đúng cơ sở dữ liệu của mình", en="Each service owns its own database")
def test_databases_are_those_granted(host, commune):
    """Each service owns its own database."""
    granted = {f"{grant['name']}|{grant['consumer']}" for grant in commune.get("postgresql_grants", [])}
    assert set(ask(host, DATABASES)) == granted


@pytest.mark.title(vi="Phần mở rộng được yêu cầu đã có", en="Extensions that services asked for are there")
def test_extensions_are_those_asked_for(host, commune):
    """Each database has the extensions that its service asked for."""
    for grant in commune.get("postgresql_grants", []):
        asked = set((grant["needs"] or {}).get("extensions", []))
        with host.sudo("postgres"):
            found = host.check_output(
                "psql --no-psqlrc --tuples-only --no-align --dbname %s --command %s",
                grant["name"],
                "select extname from pg_extension",
            )
        assert asked <= set(found.splitlines())


@pytest.mark.title(vi="Chỉ nghe nơi được phép", en="It listens only where it is allowed to")
def test_listens_only_where_allowed(host, commune):
    """It listens only where it is allowed to."""
    remote = any(not grant["local"] for grant in commune.get("postgresql_grants", []))

    expected = f"{commune['commune_host']['address']}|scram-sha-256|on" if remote else "|scram-sha-256|off"
    assert ask(host, LISTENING) == [expected]


@pytest.mark.title(vi="Người lạ không vào được", en="A stranger does not get in")
def test_stranger_is_refused(host):
    """A stranger does not get in."""
    with host.sudo("www-data"):
        refused = host.run(
            "psql --no-psqlrc --no-password --host=/run/postgresql --dbname=postgres --command='select 1'"
        )

    assert refused.failed


@pytest.mark.title(vi="Máy chủ chạy trong hộp cát", en="The server runs in a sandbox")
def test_server_is_sandboxed(host):
    """The server runs in a sandbox."""
    assert host.run("systemd-analyze security --threshold=40 --no-pager %s", UNIT).succeeded
