"""What PostgreSQL gives, against a real server: each value as it is, a cut connection, and what is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.errors import BadOptionError, CutError, FileProblemError, RefusedError, RemoteError
from core.home import Home
from core.remote import addresses, postgres_query, postgres_table, retrying
from tests import make
from tests.core.remote.cutting_proxy import Proxy
from tests.core.remote.postgres_server import PASSWORD, Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as found:
        found.run(
            "create table users (id text, n int, big bigint, x float8, half real, exact numeric, yes boolean, day date,"
            " at timestamptz, here timestamp, j jsonb, tags text[])",
            "insert into users values ('a', 1, 9007199254740993, 0.1, 0.1, 1.50, true, '2026-01-02',"
            """ '2026-01-02 03:04:05.000006+02', '2026-01-02 03:04:05', '{"k": "a,b"}', '{p,"q r"}'),"""
            " ('', 0, -1, 'NaN', 1e-30, 123456789012345678901234567890.123456789, false, null, null, null, null, null),"
            """ (null, null, null, 1e300, null, null, null, null, null, null, null, null),"""
            """ (E'x "y",\\n;é', 7, 7, '-0.0',"""
            " 7, 'NaN', false, '0001-01-01', '1969-12-31 23:59:59+00', null, null, '{}')",
            "create table large as select n, md5(n::text) as words from generate_series(1, 60000) n",
        )  # fmt: skip
        yield found


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setattr(retrying, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def fetched(address: str, folder: Path) -> pa.Table:
    postgres_query.fetch(addresses.database(address), folder / "users.parquet")
    assert [path.name for path in folder.iterdir()] == ["users.parquet"]
    return pq.read_table(folder / "users.parquet")


def test_each_value_comes_as_it_is_and_what_is_missing_is_missing(server: Postgres, tmp_path: Path) -> None:
    found = fetched(server.address("table=users"), tmp_path)
    assert found.column_names == ["id", "n", "big", "x", "half", "exact", "yes", "day", "at", "here", "j", "tags"]
    columns = found.to_pydict()
    assert columns["id"] == ["a", "", None, 'x "y",\n;é']
    assert columns["n"] == [1, 0, None, 7]
    assert columns["big"] == [9007199254740993, -1, None, 7]
    assert [str(value) for value in columns["x"]] == ["0.1", "nan", "1e+300", "-0.0"]
    assert found.schema.field("half").type == pa.float32()
    assert columns["exact"] == ["1.50", "123456789012345678901234567890.123456789", None, "NaN"]
    assert columns["yes"] == [True, False, None, False]
    assert columns["day"] == [dt.date(2026, 1, 2), None, None, dt.date(1, 1, 1)]
    assert columns["at"][0] == dt.datetime(2026, 1, 2, 1, 4, 5, 6, tzinfo=dt.UTC)
    assert columns["at"][3] == dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert columns["here"][0] == dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - it has no zone
    assert columns["j"][0] == '{"k": "a,b"}'
    assert columns["tags"] == ['{p,"q r"}', None, None, "{}"]


def test_a_query_gives_its_columns_in_their_order_also_with_the_signs_of_addresses(
    server: Postgres, tmp_path: Path
) -> None:
    query = (
        "select n + 1 as more, id from users where id like '%25a%' and n & 1 = 1 and '#?+' = '#?+' order by n -- all"
    )
    found = fetched(server.address(f"sslmode=prefer&query={query}"), tmp_path)
    assert found.to_pydict() == {"more": [2], "id": ["a"]}


def test_no_row_is_a_table_with_its_columns(server: Postgres, tmp_path: Path) -> None:
    found = fetched(server.address("query=select n, id from users where false"), tmp_path)
    assert (found.num_rows, found.schema.types) == (0, [pa.int64(), pa.string()])


def test_a_connection_that_is_cut_is_made_anew_and_all_is_asked_again(server: Postgres, tmp_path: Path) -> None:
    with Proxy(server.port, cuts=[200_000, 1_200_000]).serving() as proxy:
        found = fetched(server.address("query=select * from large order by n", port=proxy.own), tmp_path)
    assert proxy.connections == 3
    assert found["n"].to_pylist() == list(range(1, 60_001))


def test_one_that_is_cut_again_and_again_is_told_and_leaves_no_half_file(server: Postgres, tmp_path: Path) -> None:
    with Proxy(server.port, cuts=[200_000] * retrying.TRIES).serving() as proxy:
        address = addresses.database(server.address("table=large", port=proxy.own))
        with pytest.raises(CutError, match="the connection was cut"):
            postgres_query.fetch(address, tmp_path / "large.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("query=select decode('00', 'hex') as b", "b is of bytes"),
        ("query=select 1 as a, 2 as a", "two columns a"),
        ("query=select 'infinity'::timestamp as t", "a value has no place in a file"),
        ("table=nobody", 'relation "nobody" does not exist'),
        ("query=select 'hunter2' from", "syntax error"),
        ("query=delete from users returning id", "syntax error"),
        ("query=select nextval('s')", 'relation "s" does not exist'),
        ("query=select 1) to stdout; drop table users; copy (select 1", "refuses what it was asked"),
    ],
)
def test_what_cannot_be_a_table_is_refused_in_a_sentence(
    asked: str, said: str, server: Postgres, tmp_path: Path
) -> None:
    with pytest.raises((FileProblemError, RemoteError)) as found:
        postgres_query.fetch(addresses.database(server.address(asked)), tmp_path / "users.parquet")
    assert said in str(found.value)
    assert "hunter2" not in str(found.value)
    assert server.run("select count(*) from users") == [(4,)]


def test_who_is_not_let_in_is_told_where_the_password_is_read(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = addresses.database(server.address("table=users"))
    monkeypatch.setenv("PGPASSWORD", "wrong-secret")
    with pytest.raises(RemoteError, match=r"PGPASSWORD or ~/\.pgpass") as found:
        postgres_query.fetch(address, tmp_path / "users.parquet")
    assert not isinstance(found.value, CutError)
    assert "wrong-secret" not in str(found.value)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    nowhere = addresses.database(server.address("table=users", database="nowhere"))
    with pytest.raises(RemoteError, match='database "nowhere" does not exist'):
        postgres_query.fetch(nowhere, tmp_path / "users.parquet")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ada:hunter2@host/desk?table=users", "put the password into PGPASSWORD"),
        ("postgresql://host/desk?password=hunter2&table=users", "put the password into PGPASSWORD"),
        ("postgresql://host:hunter2/desk?table=users", "give one such as postgresql://"),
        ("postgresql://host/desk?hunter2=1&table=users", "none of its options"),
        ("postgresql://host/desk", "name one table"),
        ("postgresql://host/desk?table=a.b.c", "NAME or SCHEMA.NAME"),
        ("s3://hunter2:key@bucket/users.csv", "leave the keys out"),
        ("s3://bucket", "give a bucket and a key"),
        ("s3:///users.csv", "give a bucket and a key"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_and_no_secret_repeated(address: str, said: str) -> None:
    with pytest.raises(BadOptionError) as found:
        addresses.parsed(address)
    assert said in str(found.value)
    assert "hunter2" not in str(found.value) or said == "none of its options"


def test_the_name_of_a_query_does_not_quote_it() -> None:
    found = addresses.database("postgresql://ada@host/desk?query=select * from users where token = 'hunter2'")
    assert "hunter2" not in f"{found.name} {found!r}"
    assert found.name.startswith("postgresql://host/desk (query ")
    assert addresses.database("postgresql://ada@host/desk?table=a.users").name == "postgresql://host/desk?table=a.users"


ROWS = pa.table({
    "score": pa.array([0.1, float("nan"), None, 1 / 3, 5e-324]), "n": pa.array([1, None, 3, 2**60, -1]),
    "words": pa.array(["a,\"b\"", "", None, "\\.", "ü\n"]), "yes": pa.array([True, None, False, True, True]),
    "key": pa.array(["r-1", "r-2", "r-3", "r-4", "r-5"]),
})  # fmt: skip


def written(server: Postgres, table: str, rows: pa.Table = ROWS, *, port: int | None = None) -> int:
    address = addresses.database(server.address(f"table={table}", port=port))
    postgres_table.check(address, "rows")
    return postgres_table.write(
        address, lambda: [rows.slice(at, 2) for at in range(0, len(rows), 2)], kind="rows", key="key"
    )


def test_what_is_written_is_read_as_it_was_and_a_second_time_adds_nothing(server: Postgres, tmp_path: Path) -> None:
    assert written(server, "made") == 5
    assert written(server, "made") == 0
    assert written(server, "made", ROWS.set_column(4, "key", pa.array([f"s-{at}" for at in range(5)]))) == 5
    found = fetched(server.address("query=select * from made where key like 'r%' order by key"), tmp_path)
    assert str(found.to_pydict()) == str(ROWS.to_pydict())


@pytest.mark.parametrize("cut", [200, 1_200, 1_500])
def test_cut_in_the_middle_it_is_written_once_and_whole(cut: int, server: Postgres) -> None:
    with Proxy(server.port, upward=True, cuts=[-1, cut, cut + 100]).serving() as proxy:
        assert written(server, f"cut_{cut}", port=proxy.own) == 5
    assert proxy.connections == 4
    assert server.run(f"select count(*), count(distinct key) from cut_{cut}") == [(5, 5)]  # noqa: S608


def test_cut_after_the_commit_and_before_its_answer_nothing_is_there_twice(server: Postgres) -> None:
    lost = False
    real = postgres_table.postgres.connected

    @contextlib.contextmanager
    def losing(address: addresses.Database, *, read_only: bool) -> Iterator[object]:
        nonlocal lost
        with real(address, read_only=read_only) as connection:
            yield connection
        if not read_only and not lost:
            lost = True
            raise CutError("The answer was lost.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_table.postgres, "connected", losing)
        assert written(server, "lost") == 0
    assert server.run("select count(*) from lost") == [(5,)]


def test_a_table_of_somebody_else_is_left_as_it_is(server: Postgres) -> None:
    with pytest.raises(RefusedError, match="large is there already and was not made by this command"):
        written(server, "large")
    assert server.run("select count(*) from large") == [(60_000,)]
    server.run("create view seen as select 1 as one")
    with pytest.raises(RefusedError, match="seen is there already"):
        written(server, "seen")


def test_other_columns_and_another_row_of_the_same_key_are_refused_whole(server: Postgres) -> None:
    written(server, "kept")
    with pytest.raises(RefusedError, match=r"other columns than these rows \(n\)"):
        written(server, "kept", ROWS.drop_columns("n"))
    more = pa.concat_tables([ROWS, ROWS.slice(0, 1).set_column(4, "key", pa.array(["new"]))])
    with pytest.raises(RefusedError, match="another row r-1 already: another workspace writes"):
        written(server, "kept", more.set_column(0, "score", pa.array([0.5] * 6)))
    assert server.run("select count(*) from kept") == [(5,)]
    with pytest.raises(BadOptionError, match="rows go into a table"):
        postgres_table.check(addresses.database(server.address("query=select 1")), "rows")


def invoked(home: Home, *words: object) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, words)])


USERS = make.users(700, seed=6).drop(columns="spam")


@pytest.fixture(scope="module")
def people(server: Postgres) -> Postgres:
    """The server with `people`, whose rows are USERS and one that is rejected."""
    server.run(
        'create table people ("user" text, links int, verified boolean, tier smallint, ratio numeric, constant float8,'
        " name text, country text, place int)"
    )
    rows = USERS.assign(place=range(len(USERS)))
    with server.connected() as connection, connection.cursor().copy("copy people from stdin (format csv)") as copy:
        copy.write(rows.to_csv(index=False, header=False))
        copy.write(",1,t,1,0.5,3,nobody,DE,9999\n")
    return server


QUERY = 'query=select "user", links, verified, tier, ratio, constant, name, country from people order by place'


def rows_of(server: Postgres, table: str, folder: Path) -> pd.DataFrame:
    """What a table of scores has, in the order of the rows that were scored."""
    folder.mkdir()
    query = f"query=select * from {table} order by split_part(prediction_id, '-', 3)::int"  # noqa: S608
    return fetched(server.address(query), folder).to_pandas()


def test_scores_in_and_out_of_a_database_are_those_of_the_file(people: Postgres, own: Home, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(make.csv(USERS) + b",1,1,1,0.5,3,nobody,DE\n")
    by_file = invoked(own, "score", tmp_path / "users.csv", "-o", tmp_path / "file.parquet", "--keep-features")
    assert by_file.exit_code == 3, by_file.stderr
    with Proxy(people.port, cuts=[10_000]).serving() as proxy:
        source = people.address(QUERY, port=proxy.own)
        done = invoked(own, "score", source, "-o", people.address("table=scores"), "--keep-features")
    assert proxy.connections == 2
    assert done.exit_code == 3, done.stderr
    assert "Scores: postgresql://127.0.0.1/desk?table=scores, 700 new rows · rejected rows: postgresql" in done.stderr
    one, other = pd.read_parquet(tmp_path / "file.parquet"), rows_of(people, "scores", tmp_path / "fetched")
    for frame in (one, other):
        frame["prediction_id"] = frame["prediction_id"].str.rpartition("-")[2]
        frame["verified"] = frame["verified"].astype(int)
    pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)
    assert people.run("select rejected_id, code from scores_rejected") == [("r-0002-1", "missing_id")]
    assert own.runs.recent(1)[0].name.startswith("postgresql://127.0.0.1/desk (query ")
    kept = [path.read_bytes() for path in own.settings.home.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in content or b"order by place" in content for content in kept)
    assert PASSWORD not in done.output + by_file.output


def test_a_database_that_goes_away_while_scores_are_written_costs_no_row_and_doubles_none(
    people: Postgres, own: Home, tmp_path: Path
) -> None:
    with Proxy(people.port, upward=True, cuts=[-1, -1, *[8_000] * retrying.TRIES]).serving() as proxy:
        out = people.address("table=kept_scores", port=proxy.own)
        failed = invoked(own, "score", people.address(QUERY), "-o", out)
        assert failed.exit_code == 2
        assert "the connection was cut" in failed.stderr
        assert "All scores are stored as run r-0001" in failed.stderr
        done = invoked(own, "score", people.address(QUERY), "-o", out)
    assert done.exit_code == 3, done.stderr
    assert [run.id for run in own.runs.recent()] == ["r-0001"]
    assert "700 new rows" in done.stderr
    assert len(rows_of(people, "kept_scores", tmp_path / "fetched")) == 700


def test_labelled_users_of_a_database_teach_as_those_of_a_file_do(people: Postgres, own: Home, tmp_path: Path) -> None:
    labelled = make.users(300, seed=9)
    (tmp_path / "labelled.csv").write_bytes(make.csv(labelled))
    people.run("create table labelled as select * from people limit 0", "alter table labelled add spam int")
    with people.connected() as connection:
        names = ", ".join(map('"{}"'.format, labelled))
        with connection.cursor().copy(f"copy labelled ({names}) from stdin (format csv)") as copy:
            copy.write(labelled.to_csv(index=False, header=False))
    by_file = invoked(own, "evaluate", tmp_path / "labelled.csv", "--json")
    by_table = invoked(own, "evaluate", people.address("table=labelled"), "--json")
    assert by_table.exit_code == 0, by_table.stderr
    one, other = json.loads(by_file.stdout), json.loads(by_table.stdout)
    assert one.pop("dataset") != other.pop("dataset")
    assert one == other


def test_a_place_that_cannot_be_written_is_told_before_any_work(people: Postgres, own: Home) -> None:
    people.run("create role eve login password 'hunter2'", "grant select on people to eve")
    tried = (("people", "was not made by this command"), ("nowhere.scores", "there is no schema nowhere"))
    for table, said in tried:
        done = invoked(own, "score", people.address(QUERY), "-o", people.address(f"table={table}"))
        assert said in done.stderr
        assert own.runs.recent() == ()
    out = people.address("table=of_eve").replace("ada@", "eve@")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", "hunter2")
        done = invoked(own, "score", people.address(QUERY), "-o", out)
    assert (done.exit_code, own.runs.recent()) == (2, ())
    assert "may not make a table there" in done.stderr
