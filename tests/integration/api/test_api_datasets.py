"""Data sets over HTTP: what is taken, and what a refusal tells the sender."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import Settings
from models.store.migrating import migrate

from support.api import GENERATED, SPEC, ApiForTests, pointers

HEADER = "question1,question2,is_duplicate\n"
ROWS = "how are you,how do you do,1\nwhat is tea,what is coffee,0\nwho,who is it,1\n"
CSV = (HEADER + ROWS).encode()


def upload(api: ApiForTests, content: bytes, filename: str = "a.csv", **form: str) -> Any:
    return api.http.post(
        "/v1/datasets", files={"file": (filename, content)}, data={"name": "mine", **form}
    )


def test_an_upload_answers_201_with_its_place_and_its_profile(api: ApiForTests) -> None:
    reply = upload(api, CSV)
    assert reply.status_code == 201
    assert reply.headers["location"] == "/v1/datasets/mine"
    assert (reply.json()["in_order_test"], reply.json()["in_order_shared"]) == (1, 0)
    stored = api.get("/v1/datasets/mine")
    assert stored == reply.json()
    assert (stored["rows"], stored["duplicates"], stored["has_split"]) == (3, 2, False)
    assert stored["duplicate_share"] == pytest.approx(2 / 3)
    assert stored["token_length_max"] == 4
    assert [one["name"] for one in api.get("/v1/datasets")["items"]] == ["mine", GENERATED]


def test_the_form_names_the_columns_and_the_format(api: ApiForTests) -> None:
    content = gzip.compress(b"b\ta\tsame\tpart\nx y\tz\t1\ttrain\nv\tw\t0\ttest\n")
    columns = {"question1": "a", "question2": "b", "label": "same", "split": "part"}
    reply = upload(api, content, "export.bin", format="tsv.gz", **columns)
    assert reply.status_code == 201, reply.text
    assert reply.json()["has_split"] is True


def test_the_form_says_how_a_text_file_is_written_and_a_zip_archive_holds_one(
    api: ApiForTests,
) -> None:
    expected = upload(api, CSV).json()["content_hash"]
    semicolons = CSV.replace(b",", b";")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("pairs.csv", CSV)
    for content, filename, form in [
        (semicolons, "a.csv", {"delimiter": ";"}),
        (CSV.replace(b",", b"\t"), "a.csv", {"delimiter": "tab"}),
        (CSV.decode().encode("utf-16"), "a.csv", {"encoding": "UTF-16"}),
        (packed.getvalue(), "a.csv.zip", {}),
        (semicolons, "a.csv", {"delimiter": "semicolon"}),
        (packed.getvalue(), "a.zip", {}),
    ]:
        reply = upload(api, content, filename, **form)
        assert (reply.status_code, reply.json()["content_hash"]) == (201, expected), reply.text
    assert "set `delimiter` to semicolon" in upload(api, semicolons).json()["detail"]


def test_a_delimiter_and_an_encoding_that_cannot_be_are_refused_at_their_fields(
    api: ApiForTests,
) -> None:
    reply = upload(api, CSV, delimiter="ab", encoding="rot13")
    assert (reply.status_code, pointers(reply)) == (422, ["/delimiter", "/encoding"])
    lines = b'{"question1": "a", "question2": "b", "is_duplicate": 1}'
    assert pointers(upload(api, lines, "a.jsonl", delimiter=";")) == ["/delimiter"]


@pytest.mark.parametrize("field", ["name", "question1", "split", "format", "encoding", "quoting"])
def test_an_empty_field_is_refused_and_not_taken_as_left_out(api: ApiForTests, field: str) -> None:
    reply = upload(api, CSV, **{field: ""})
    assert (reply.status_code, pointers(reply)) == (422, [f"/{field}"])
    assert reply.json()["errors"][0]["detail"].startswith("is empty; ")


def test_a_semicolon_that_curl_took_for_itself_is_told_how_to_be_written(api: ApiForTests) -> None:
    reply = upload(api, CSV.replace(b",", b";"), delimiter="")
    assert (reply.status_code, pointers(reply)) == (422, ["/delimiter"])
    assert "is empty; with curl write delimiter=semicolon" in reply.json()["detail"]


def test_another_encoding_and_another_format_than_there_are_name_their_fields(
    api: ApiForTests,
) -> None:
    german = (HEADER + "Gr\u00f6\u00dfe,b,1\n").encode("windows-1252")
    reply = upload(api, german, encoding="utf-16")
    assert (reply.status_code, pointers(reply)) == (422, ["/encoding"])
    reply = upload(api, CSV, format="excel")
    assert (reply.status_code, pointers(reply)) == (422, ["/format"])
    assert "'excel' is not a format that can be read; known formats are csv" in reply.text


def test_rows_that_may_be_several_are_refused_or_told_of(api: ApiForTests) -> None:
    merged = (HEADER + '"He spoke.,b,1\nSo it is.",c,0\nd,e,1\n').encode()
    reply = upload(api, merged)
    assert (reply.status_code, pointers(reply)) == (422, ["/file"])
    assert (reply.json()["rows_refused"], reply.json()["lines_swallowed"]) == (1, 1)
    assert "set `quoting` to none" in reply.json()["errors"][0]["detail"]
    assert upload(api, merged, quoting="none", name="n").json()["rows"] == 3
    assert upload(api, merged, quoting="double", name="d").json()["rows"] == 2
    assert pointers(upload(api, merged, quoting="some")) == ["/quoting"]
    told = upload(api, (HEADER + '"Hello, you\nthere",b,1\nd,e,0\n').encode(), name="t")
    assert (told.status_code, told.json()["rows"]) == (201, 2)
    assert "1 row spans lines" in told.json()["warnings"][0]
    assert api.get("/v1/datasets/t") == {**told.json(), "warnings": []}


def test_a_field_that_the_form_does_not_have_is_refused(api: ApiForTests) -> None:
    reply = upload(api, CSV, labell="same", nam="x")
    assert (reply.status_code, pointers(reply)) == (422, ["/labell", "/nam"])
    form = api.get("/openapi.json")["components"]["schemas"]["Body_upload_dataset"]
    before, _, named = reply.json()["errors"][0]["detail"].partition("the fields are ")
    assert before == "unknown field; "
    assert sorted(named.split(", ")) == sorted(form["properties"])
    assert form["additionalProperties"] is False
    assert api.http.get("/v1/datasets/mine").status_code == 404


def test_a_parquet_file_is_taken_or_refused_by_the_type_of_its_columns(api: ApiForTests) -> None:
    def sent(label: pa.Array) -> Any:
        sink = io.BytesIO()
        texts = {"question1": ["a", "b"], "question2": ["c", "d"]}
        pq.write_table(pa.table({**texts, "is_duplicate": label}), sink)
        return upload(api, sink.getvalue(), "a.parquet")

    words = pa.array(["0", "1"]).cast(pa.dictionary(pa.uint32(), pa.string()))
    assert sent(words).status_code == 201
    reply = sent(pa.array([[0], [1]]))
    assert (reply.status_code, pointers(reply)) == (422, ["/file"])
    assert "Column 'is_duplicate' of a.parquet contains list<" in reply.json()["detail"]


def test_bad_rows_are_counted_and_the_first_are_named_by_line(api: ApiForTests) -> None:
    bad = "".join(f"a,b,{label}\n" for label in ["1", *["maybe"] * 30])
    reply = upload(api, (HEADER + bad).encode())
    assert reply.status_code == 422
    problem = reply.json()
    assert problem["rows_refused"] == 30
    assert len(problem["errors"]) == 20
    assert problem["errors"][0]["line"] == 3
    assert problem["errors"][0]["detail"] == "line 3: its label is 'maybe', not 0, 1, true or false"
    assert api.http.get("/v1/datasets/mine").status_code == 404


@pytest.mark.parametrize(
    ("content", "filename", "status", "sentence"),
    [
        (gzip.compress(CSV, mtime=0), "a.csv", 422, "begins like gzip"),
        (CSV, "a.csv.gz", 422, "should be gzip"),
        (b"", "a.csv", 422, "is empty"),
        (b"a,b\n1,2\n", "a.csv", 422, "no column"),
        (CSV, "a.xlsx", 415, "known formats are csv"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_a_sentence(
    api: ApiForTests, content: bytes, filename: str, status: int, sentence: str
) -> None:
    reply = upload(api, content, filename)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert sentence in reply.json()["detail"]


def test_a_missing_file_and_a_name_that_no_path_can_hold_are_named(api: ApiForTests) -> None:
    missing = api.http.post("/v1/datasets", data={"name": "mine"})
    assert pointers(missing) == ["/file"]
    assert pointers(upload(api, CSV, name="a/b")) == ["/name"]


def test_a_name_taken_by_other_rows_is_a_conflict_and_the_same_rows_are_not(
    api: ApiForTests,
) -> None:
    first = upload(api, CSV)
    again = upload(api, gzip.compress(CSV), "a.csv.gz")
    assert (again.status_code, again.json()) == (201, first.json())
    kept = set(api.settings.datasets_dir.iterdir())
    other = upload(api, CSV + b"one,more,0\n")
    assert other.status_code == 409
    assert api.get("/v1/datasets/mine") == first.json()
    assert set(api.settings.datasets_dir.iterdir()) == kept  # the refused rows left nothing


def test_the_profile_tells_of_groups_false_negatives_and_shared_test_pairs(
    api: ApiForTests,
) -> None:
    # p-q-r is one group by two links; the third pair contradicts them, and r stands in the last
    rows = HEADER + "p,q,1\nq,r,1\np,r,0\nr,s,0\n"
    stored = upload(api, rows.encode()).json()
    assert (stored["duplicate_groups"], stored["largest_group"]) == (1, 3)
    assert stored["false_negatives"] == 1
    assert (stored["in_order_test"], stored["in_order_shared"]) == (1, 1)


def test_deleting_removes_the_files_once_no_name_needs_them(api: ApiForTests) -> None:
    digest = upload(api, CSV).json()["content_hash"]
    upload(api, CSV, name="twin")
    folder = api.settings.datasets_dir / digest
    assert api.http.delete("/v1/datasets/mine").status_code == 204
    assert folder.is_dir()
    assert api.http.delete("/v1/datasets/twin").status_code == 204
    assert not folder.exists()
    assert api.http.delete("/v1/datasets/twin").status_code == 404


def test_a_data_set_in_use_is_not_deleted(api: ApiForTests) -> None:
    rows = "".join(f"a{n},b{n},{n % 2}\n" for n in range(70))
    upload(api, (HEADER + rows).encode())
    split = {"kind": "in_order", "train_rows": 60, "test_rows": 10}
    spec = {**SPEC, "dataset": "mine", "split": split, "batch_size": 4}
    made = api.http.post("/v1/experiments", json=spec)
    assert made.status_code == 202, made.text
    reply = api.http.delete("/v1/datasets/mine")
    assert reply.status_code == 409
    assert made.json()["id"] in reply.json()["detail"]


def test_the_data_set_that_the_service_makes_itself_is_not_deleted(api: ApiForTests) -> None:
    about = api.get(f"/v1/datasets/{GENERATED}")
    assert about["generated"] is True
    assert upload(api, CSV).json()["generated"] is False
    reply = api.http.delete(f"/v1/datasets/{GENERATED}")
    assert reply.status_code == 409
    assert "is made by the service itself" in reply.json()["detail"]
    assert api.get(f"/v1/datasets/{GENERATED}") == about


@pytest.mark.parametrize("name", ["absent", "a%00b", "%2e%2e", "x" * 200])
def test_a_name_that_is_not_there_is_404(api: ApiForTests, name: str) -> None:
    assert api.http.get(f"/v1/datasets/{name}").status_code == 404


def test_a_fresh_service_makes_the_generated_data_set(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="")
    migrate(settings.resolved_database_url)
    with ApiForTests(settings) as fresh:
        made = fresh.get(f"/v1/datasets/{GENERATED}")
        assert made["rows"] == 24_000
        assert httpx.post(f"{fresh.url}/v1/experiments", json=SPEC).status_code == 202
    with ApiForTests(settings) as again:
        assert again.get(f"/v1/datasets/{GENERATED}") == made


def test_a_data_set_whose_name_is_nearly_right_is_told_in_the_refusal(api: ApiForTests) -> None:
    upload(api, CSV, name="my-pairs")
    for name, meant in [("mypairs", "is 'my-pairs' meant? "), ("quora", "")]:
        reply = api.http.post("/v1/experiments", json={**SPEC, "dataset": name})
        assert pointers(reply) == ["/dataset"]
        assert f"no data set is called '{name}'; {meant}GET /v1/datasets" in reply.text
