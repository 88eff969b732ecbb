"""The same users in every format and dialect come to the same rows, to the last bit."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from core.data import intake
from core.data.formats.options import NOTHING, Given, given
from core.data.streaming.reading import Reading
from core.data.streaming.source import source_of
from core.errors import BadOptionError, FileProblemError
from core.home import Home
from core.scoring.scorer import Scorer
from tests import make, workbook

Written = tuple[bytes, Given]


def users(n: int = 200, seed: int = 5) -> pd.DataFrame:
    """With numbers of 17 digits, long ids, texts that need quotes, accents of Windows-1252, and missing values."""
    frame = make.users(n, seed=seed).astype({"user": "object", "name": "object"})
    frame["ratio"] *= 1 + np.pi * 1e-9
    frame["user"] = [9_007_199_254_740_993 + i for i in range(n)]
    frame.loc[3, "name"], frame.loc[4, "name"] = 'a "b", c; d\te|f', "two\nlines"
    frame.loc[5, "name"], frame.loc[6, "name"] = "Zoë", None
    return frame


def csv(frame: pd.DataFrame, **options: str) -> bytes:
    return frame.to_csv(index=False, **options).encode()  # type: ignore[call-overload,no-any-return]


def comma(frame: pd.DataFrame) -> str:
    """As a European spreadsheet writes it: 1.234,5."""
    shown = frame.astype({"ratio": object, "links": object})
    shown["ratio"] = [None if pd.isna(value) else repr(value).replace(".", ",") for value in frame["ratio"]]
    return shown.to_csv(index=False, sep=";")


def zipped(content: bytes, name: str = "users.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"__MACOSX/._{name}", "x")
        archive.writestr(name, content)
    return packed.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.astype({"name": "str"}).assign(user=frame["user"].astype(np.int64)).to_parquet(sink, index=False)
    return sink.getvalue()


def feather(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    pyarrow.feather.write_feather(pq.read_table(io.BytesIO(parquet(frame))), sink)
    return sink.getvalue()


def stream(frame: pd.DataFrame) -> bytes:
    table, sink = pq.read_table(io.BytesIO(parquet(frame))), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=37)
    return sink.getvalue()


def records(frame: pd.DataFrame) -> list[str]:
    rows = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.astype(object).to_dict("records")]
    return [json.dumps(row, ensure_ascii=number % 2 == 0) for number, row in enumerate(rows)]


def sheet(frame: pd.DataFrame) -> bytes:
    """Long ids as text: a sheet keeps 15 digits of a number."""
    return workbook.of(frame.assign(user=frame["user"].astype(str)), above=[["Users of March"], []])


FORMATS: dict[str, Callable[[pd.DataFrame], Written]] = {
    "semicolons": lambda frame: (csv(frame, sep=";"), NOTHING),
    "tabs": lambda frame: (csv(frame, sep="\t"), NOTHING),
    "pipes": lambda frame: (csv(frame, sep="|"), NOTHING),
    "line ends of Windows, a byte order mark": lambda frame: (
        codecs.BOM_UTF8 + csv(frame, lineterminator="\r\n").replace(b"two\r\nlines", b"two\nlines"), NOTHING
    ),
    "sep= line": lambda frame: (b"sep=;\r\n" + csv(frame, sep=";"), NOTHING),
    "comments": lambda frame: (b"# export, of March\n#\n\n" + csv(frame), NOTHING),
    "titles": lambda frame: (b"Users of March,,,\n\n" + csv(frame), NOTHING),
    "rows to skip": lambda frame: (b"user,links\nthat was no header\n" + csv(frame), given(skip_rows=2)),
    "utf-16": lambda frame: (csv(frame).decode().encode("utf-16"), NOTHING),
    "utf-16 without a mark": lambda frame: (csv(frame).decode().encode("utf-16-be"), NOTHING),
    "Windows-1252": lambda frame: (csv(frame).decode().encode("cp1252"), NOTHING),
    "decimal comma": lambda frame: (comma(frame).encode(), given(decimal=",")),
    "decimal comma in a sheet": lambda frame: (sheet(frame.assign(ratio=[
        None if pd.isna(value) else repr(value).replace(".", ",") for value in frame["ratio"]
    ])), given(decimal=",")),
    "gzip": lambda frame: (gzip.compress(csv(frame), mtime=0), NOTHING),
    "zip": lambda frame: (zipped(csv(frame)), NOTHING),
    "zstd": lambda frame: (zstd(csv(frame)) + zstd(b""), NOTHING),
    "Excel": lambda frame: (sheet(frame), NOTHING),
    "Parquet": lambda frame: (parquet(frame), NOTHING),
    "Feather": lambda frame: (feather(frame), NOTHING),
    "Arrow stream": lambda frame: (stream(frame), NOTHING),
    "JSON Lines": lambda frame: ("\n".join(records(frame)).encode(), NOTHING),
    "JSON": lambda frame: (zstd(f"[{', '.join(records(frame))}]".encode()), NOTHING),
    "a mapped id": lambda frame: (
        csv(frame.rename(columns={"user": "uid", "links": "Links a day"})),
        Given(columns=(("UID", "user"), ("Links a day", "links"))),
    ),
}  # fmt: skip


def read(content: bytes | Path, said: Given, folder: Path) -> pd.DataFrame:
    """Block after block, which must come to what it comes to as a whole."""
    reading = Reading(source_of("users", content, said), make.SCHEMA, folder)
    frame = pd.concat([block.frame for block in reading.blocks()])
    whole = intake.read("users", content, make.SCHEMA, given=said)
    pd.testing.assert_frame_equal(frame, whole.frame, check_exact=True)
    return whole.frame


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_users_come_to_the_same_rows_and_scores(name: str, trained: Home, tmp_path: Path) -> None:
    content, said = FORMATS[name](users())
    expected, found = intake.read("users.csv", csv(users()), make.SCHEMA).frame, read(content, said, tmp_path)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    of_file, of_csv = (Scorer(trained.registry.load()).score(frame).margin for frame in (found, expected))
    np.testing.assert_array_equal(of_file, of_csv)


def test_a_folder_of_partitions_has_what_its_names_say(tmp_path: Path) -> None:
    frame = users().sort_values("country", kind="stable")
    table = pq.read_table(io.BytesIO(parquet(frame)))
    folder = tmp_path / "users"
    pq.write_to_dataset(table, folder, partition_cols=["country"])
    expected = intake.read("users.csv", csv(frame), make.SCHEMA).frame
    (block,) = Reading(source_of("users", folder), make.SCHEMA, tmp_path).blocks()
    pd.testing.assert_frame_equal(block.frame, expected, check_exact=True, check_like=True)


def test_a_number_of_32_bits_is_the_number_that_it_holds() -> None:
    sink = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(parquet(users()))).set_column(
        5, "ratio", pa.array(np.full(200, 0.1, np.float32))
    ), sink)  # fmt: skip
    assert set(intake.read("users", sink.getvalue(), make.SCHEMA).frame["ratio"]) == {float(np.float32(0.1))}


def test_a_zip_is_the_dataset_of_the_table_in_it_and_another_reading_is_another() -> None:
    plain = source_of("users.csv", csv(users())).sha256
    assert source_of("users.zip", zipped(csv(users()))).sha256 == plain
    assert source_of("users.csv", csv(users()), Given(mapping="of March")).sha256 == plain
    assert source_of("users.csv", csv(users()), given(decimal=".")).sha256 == plain
    assert source_of("users.csv", csv(users()), given(decimal=",")).sha256 != plain


HEADER = "user,links,verified,tier,ratio,constant\n"


def rejected(content: bytes, said: Given = NOTHING) -> list[str]:
    checked = intake.read("users", content, make.SCHEMA, given=said)
    assert len(checked.frame) + checked.turned_away == checked.received
    return checked.rejected["sentence"].tolist()


def test_a_reject_is_found_by_the_row_of_its_sheet() -> None:
    rows = [["u1", 1, 0, 1, 0.5, 3], [], ["u2", "many", 0, 1, 0.5, 3], ["Total", 1, 0, 1, 0.5, 3], []]
    content = workbook.book({"March": workbook.sheet([["Our users"], HEADER.strip().split(","), *rows], first=4)})
    assert rejected(content) == [
        "Row 7: the line is blank; remove it",
        'Row 8, links: "many" is not a number; write digits such as 12 or 0.5, or leave the cell empty',
        'Row 9, user: "Total" in the last row is taken for the sum of the others; remove it, or put it further up '
        "where a user is called so",
    ]
    (told,) = [p for p in intake.read("users", content, make.SCHEMA).problems if p.code == "reading"]
    assert told.sentence == "Read as sheet March of an Excel workbook, header in row 5."


def test_a_reject_is_found_by_the_number_of_its_record() -> None:
    lines = ['{"user": "u1", "links": 1, "verified": true, "tier": 1, "ratio": 0.5, "constant": 3}', "no JSON", "[1]",
             '{"user": "u2", "user": "u3"}', '{"user": "u4", "links": {"a": 1}}', '{"user\\ud800": "u"}']  # fmt: skip
    said = rejected("\n".join(lines).encode())
    assert [each.partition(":")[0] for each in said] == [
        "Record 2",
        "Record 3",
        "Record 4",
        "Record 5, links",
        "Record 6",
    ]
    assert said[0].endswith("this is no JSON object with one value a name; correct or remove it")


def test_a_row_of_totals_counts_as_one_only_at_the_end() -> None:
    rows = [f"{name},1,0,1,0.5,3\n" for name in ("Total", "u1", "total:")]
    assert rejected((HEADER + "".join(rows)).encode())[0].startswith('Line 4, user: "total:" in the last row')
    assert len(rejected((HEADER + "".join(rows)).encode())) == 1


def test_a_decimal_comma_is_proposed_and_never_guessed() -> None:
    rows = [f"u{i};1.234;0;1;{i},5;3\n" for i in range(4)]
    content = (HEADER.replace(",", ";") + "".join(rows)).encode()
    checked = intake.read("users", content, make.SCHEMA)
    assert checked.frame.empty
    (said,) = [problem.sentence for problem in checked.problems if problem.code == "decimal_comma"]
    assert 'Most cells of ratio are written with a decimal comma, such as "0,5": read the file with --decimal ,' in said
    with pytest.raises(FileProblemError, match="--decimal ,"):
        intake.refuse_unusable("users", 4, 0, checked.problems)
    read_so = intake.read("users", content, make.SCHEMA, given=given(decimal=",", thousands="."))
    assert (read_so.frame["links"].tolist(), read_so.frame["ratio"].tolist()) == ([1234] * 4, [0.5, 1.5, 2.5, 3.5])
    assert rejected(content, given(decimal=","))[0].startswith('Line 2, links: "1.234" is not a number')


def test_a_chosen_sheet_is_read_and_the_first_is_told() -> None:
    one, two = ([HEADER.strip().split(","), [user, 1, 0, 1, 0.5, 3]] for user in ("u1", "u2"))
    content = workbook.book({"Old": workbook.sheet(one), "New": workbook.sheet(two)}, hidden=["Old"])
    assert intake.read("users", content, make.SCHEMA).frame["user"].tolist() == ["u2"]
    assert intake.read("users", content, make.SCHEMA, given=given(sheet="Old")).frame["user"].tolist() == ["u1"]
    with pytest.raises(BadOptionError, match="no sheet Older; it has Old and New"):
        source_of("users", content, given(sheet="Older"))


def test_errors_of_formulas_count_as_missing_and_are_told() -> None:
    content = workbook.book({"A": workbook.sheet([HEADER.strip().split(","), ["u1", 1, 0, 1, "#REF!", 3]])})
    checked = intake.read("users", content, make.SCHEMA)
    assert checked.frame["ratio"].isna().all()
    assert any(problem.sentence.startswith("1 cell of the sheet holds an error") for problem in checked.problems)


def test_ids_of_a_sheet_are_whole_and_those_that_lost_digits_are_told() -> None:
    rows = [[1001, 1, 0, 1, 0.5, 3], [12345678901234567890.0, 1, 0, 1, 0.5, 3]]
    content = workbook.book({"A": workbook.sheet([HEADER.strip().split(","), *rows])})
    checked = intake.read("users", content, make.SCHEMA)
    assert checked.frame["user"].tolist()[0] == "1001"
    assert any(problem.code == "spoilt_id" for problem in checked.problems)


def corners(place: str = 'r="{}"', space: str = " ") -> bytes:
    """A sheet with a cell in two of its corners, for which room for all between them would be kept."""
    cells = "".join(f"<c{space}{place.format(name)}><v>1</v></c>" for name in ("A1", "XFD1048576"))
    return workbook.book({"A": f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>"})


def repeated(cell: str) -> bytes:
    """A sheet of one text, often."""
    rows = "".join(f'<row><c r="A{number}" {cell}</c></row>' for number in range(1, 20_001))
    texts = {"xl/sharedStrings.xml": f"<sst><si><t>{'y' * 32_000}</t></si></sst>"}
    return workbook.book({"A": f"<worksheet><sheetData>{rows}</sheetData></worksheet>"}, more=texts)


@pytest.mark.parametrize(
    ("content", "said", "words"),
    [
        (zipped(b"") + b"", NOTHING, "the file is empty"),
        (b"PK\x03\x04" + zipped(b"a,b\n1,2\n")[4:-30], NOTHING, "damaged zip"),
        (zstd(b"a,b\n1,2\n")[:-3], NOTHING, "damaged zstd"),
        (b"[1, 2]", NOTHING, "not one row after it"),
        (b'[{"user": 1}', NOTHING, "a part may be missing"),
        (b'[{"user": 1}, {]', NOTHING, "record 2 cannot be read"),
        (b'[{"user": 1}] x', NOTHING, "something follows on the array"),
        (b'{"user": 1', NOTHING, "line 1 is no JSON object"),
        (b"[" + b'{"a":' * 100_000, NOTHING, "nested too deep"),
        (HEADER.encode() + b"u1,1,0,1,\xe9,3\n", given(encoding="utf-8"), "it is not UTF-8"),
        (HEADER.encode() + b"u1,1,0,1,1,3\n", given(skip_rows=9), "has only 2 lines"),
        (HEADER.encode() + b"u1,1,0,1,1,3\n", given(sheet="A"), "only an Excel workbook has sheets"),
        (HEADER.encode() + b"u1,1,0,1,1,3\n", Given(columns=(("uid", "user"),)), "has no column uid"),
        (b"uid," + HEADER.encode() + b"u,u1,1,0,1,1,3\n", Given(columns=(("uid", "user"),)), "user of its own"),
        (b"FEA1....", NOTHING, "Feather of the first version"),
        (workbook.book({}), NOTHING, "has no sheet"),
        (workbook.book({"A": "<worksheet><sheetData><row><c"}), NOTHING, "damaged Excel file"),
        (workbook.book({"A": workbook.sheet([])}), NOTHING, "the sheet is empty"),
        (workbook.book({"A": workbook.sheet([["a"]]).encode("utf-16")}), NOTHING, "not written in UTF-8"),
        (workbook.book({"A": "", "a": ""}, more={"xl/workbook.xml": "<!DOCTYPE a>"}), NOTHING, "words of its own"),
        (corners(), NOTHING, r"more than 4,000,000 cells between its first and its last \(1,048,576 x 16,384\)"),
        (corners("r = '{}'", "\n"), NOTHING, r"\(1,048,576 x 16,384\)"),
        (repeated('t="s"><v>0</v>'), NOTHING, "its texts come to more than 256 MB"),
        (repeated("t = 's'><v a='b'>0</v>"), NOTHING, "its texts come to more than 256 MB"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(content: bytes, said: Given, words: str) -> None:
    with pytest.raises((FileProblemError, BadOptionError), match=words) as caught:
        intake.read("users", content, make.SCHEMA, given=said)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [("delimiter", "x"), ("encoding", "ebcdic"), ("decimal", ";"), ("thousands", "x"), ("skip_rows", 99)],
)
def test_an_option_that_is_none_is_refused_by_its_name(name: str, value: str | int) -> None:
    with pytest.raises(BadOptionError, match=f"--{name.replace('_', '-')}"):
        given(**{name: value})  # type: ignore[arg-type]


def test_one_sign_is_not_both() -> None:
    with pytest.raises(BadOptionError, match="one sign cannot be both"):
        given(decimal=",", thousands=",")
