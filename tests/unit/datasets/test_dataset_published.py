"""Files in exactly the forms in which well-known data sets are published; the texts are our own."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from models.datasets.errors import BadRows, DatasetFileError
from models.datasets.pairs import Pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import TextOptions, read_pairs
from models.datasets.reading.label_values import LabelValues

NLI = LabelValues({"entailment": 1, "contradiction": 0, "neutral": None, "-": None})

QUORA_CSV = (
    '"id","qid1","qid2","question1","question2","is_duplicate"\n'
    '"0","1","2","How do I mend a ""soft"" bell?","How can I repair a bell, softly?","1"\n'
    '"1","3","4","Why is tin cheap?","Why is\nzinc cheap?","0"\n'
)
QQP = (
    "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
    "10\t1\t2\tHow do bees sleep?\tDo bees sleep, and how?\t1\n"
    '11\t3\t4\tWhat is a "ram"?\tWhere do rams live?\t0\n'
)
MRPC = (
    "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
    '1\t702\t703\tThe mill closed on Monday , said its owner .\t"On Monday , the mill closed .\r\n'
    "0\t811\t812\tShares of the bank rose 3 % .\tThe bank has 300 branches .\r\n"
)
PAWS = (
    "id\tsentence1\tsentence2\tlabel\n"
    "1\tThe road from Ulm to Bonn .\tThe road from Bonn to Ulm .\t0\n"
    "2\tShe later sang in Turin .\tLater , she sang in Turin .\t1\n"
)
STS_B = (
    "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
    "0\tmain-captions\tMSRvid\t2012\t1\tnone\tnone\tA man saws a log.\tA man cuts wood.\t4.200\n"
    '1\tmain-news\theadlines\t2015\t9\tnone\tnone\tThe "king" abdicates\tA cow moos\t0.000\n'
    "2\tmain-captions\tMSRvid\t2012\t3\tnone\tnone\tA girl skips.\tA girl hops.\t3.8\n"
)
SNLI_LINES = [
    ("-", "A dog waits.", "A dog is tired."),
    ("entailment", "Two men row.", "People are in a boat."),
    ("neutral", "Two men row.", "Two brothers row."),
    ("contradiction", "Two men row.", "The men sleep."),
]
SNLI_JSONL = "".join(
    json.dumps(
        {
            "annotator_labels": [label],
            "captionID": f"{number}.jpg#0",
            "gold_label": label,
            "pairID": f"{number}.jpg#0r1n",
            "sentence1": first,
            "sentence1_binary_parse": f"( {first} )",
            "sentence1_parse": f"(ROOT {first})",
            "sentence2": second,
            "sentence2_binary_parse": f"( {second} )",
            "sentence2_parse": f"(ROOT {second})",
        }
    )
    + "\n"
    for number, (label, first, second) in enumerate(SNLI_LINES)
)
SNLI_TXT = (
    "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
    "sentence1\tsentence2\tcaptionID\tpairID\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\n"
) + "".join(
    f"{label}\t( {a} )\t( {b} )\t(ROOT {a})\t(ROOT {b})\t{a}\t{b}\t1.jpg#0\t1.jpg#0r\t{label}"
    "\t\t\t\t\n"
    for label, a, b in SNLI_LINES
)
ALL_NLI = "".join(
    json.dumps({"anchor": anchor, "positive": positive, "negative": negative}) + "\n"
    for anchor, positive, negative in [
        ("A man rows.", "A person is in a boat.", "The man sleeps."),
        ("A man rows.", "Someone rows.", "Nobody is outside."),
    ]
)
SICK = (
    "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    "1\tA cat naps\tA cat is asleep\t4.9\tENTAILMENT\n2\tA cat naps\tA kid paints\t1\tNEUTRAL\n"
)


def read(
    folder: Path,
    content: str | bytes,
    name: str,
    options: TextOptions = TextOptions(),  # noqa: B008
    **said: object,
) -> Pairs:
    path = folder / "upload"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    columns = ColumnMapping(**said)  # type: ignore[arg-type]
    return read_pairs(path, filename=name, columns=columns, options=options)


def texts(pairs: Pairs) -> list[tuple[str, str]]:
    return list(zip(pairs.question1.to_pylist(), pairs.question2.to_pylist(), strict=True))


def test_quoras_own_csv_and_its_zip_are_read_as_they_are(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", QUORA_CSV)
    sent = [(QUORA_CSV.encode(), "train.csv"), (packed.getvalue(), "train.csv.zip")]
    for content, name in sent:
        pairs = read(tmp_path, content, name)
        assert pairs.label.tolist() == [1, 0]
        assert texts(pairs)[1] == ("Why is tin cheap?", "Why is\nzinc cheap?")
        assert pairs.reading is not None
        assert pairs.reading.shape == "labelled_pairs"


@pytest.mark.parametrize(
    ("content", "columns", "first"),
    [
        (QQP, ("question1", "question2", "is_duplicate"), "How do bees sleep?"),
        (PAWS, ("sentence1", "sentence2", "label"), "The road from Ulm to Bonn ."),
        (MRPC, ("#1 String", "#2 String", "Quality"),
         "The mill closed on Monday , said its owner ."),
    ],
)  # fmt: skip
def test_tables_of_glue_mrpc_and_paws_tell_their_own_columns(
    tmp_path: Path, content: str, columns: tuple[str, str, str], first: str
) -> None:
    pairs = read(tmp_path, content, "train.tsv", TextOptions(quoting="none"))
    assert pairs.reading is not None
    assert pairs.reading.columns == dict(
        zip(("question1", "question2", "label"), columns, strict=True)
    )
    assert texts(pairs)[0][0] == first
    assert sorted(pairs.label.tolist()) == [0, 1]
    if content == MRPC:
        assert texts(pairs)[0][1].startswith('"On Monday')


@pytest.mark.parametrize(
    ("content", "name", "options"),
    [
        (SNLI_JSONL, "snli_1.0_dev.jsonl", TextOptions()),
        (SNLI_TXT, "snli_1.0_dev.txt", TextOptions(quoting="none")),
    ],
)
def test_snli_is_read_once_labels_says_what_its_words_mean(
    tmp_path: Path, content: str, name: str, options: TextOptions
) -> None:
    path = tmp_path / "upload"
    path.write_text(content)
    format = "tsv" if name.endswith("txt") else None

    def sent(**said: object) -> Pairs:
        columns = ColumnMapping(**said)  # type: ignore[arg-type]
        return read_pairs(path, filename=name, columns=columns, format=format, options=options)

    with pytest.raises(BadRows, match="set `labels` to what each means"):
        sent()
    pairs = sent(labels=NLI)
    assert texts(pairs) == [
        ("Two men row.", "People are in a boat."),
        ("Two men row.", "The men sleep."),
    ]
    assert pairs.label.tolist() == [1, 0]
    assert pairs.reading is not None
    assert pairs.reading.left_out == {"-": 1, "neutral": 1}
    assert pairs.warnings == (
        "2 rows are left out, as `labels` says of the label: 1 '-', 1 'neutral'.",
    )
    with pytest.raises(BadRows, match="List every value in `labels`"):
        sent(labels=LabelValues({"entailment": 1, "contradiction": 0}))
    with pytest.raises(DatasetFileError, match="`labels` leaves every one out"):
        sent(labels=LabelValues(dict.fromkeys(["entailment", "contradiction", "neutral", "-"])))


def test_a_label_of_a_published_parquet_may_be_numbers_with_minus_one_for_none(
    tmp_path: Path,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    table = {"premise": ["a", "b", "c"], "hypothesis": ["d", "e", "f"], "label": [0, -1, 2]}
    pq.write_table(pa.table(table), sink)
    labels = LabelValues({"0": 1, "1": None, "2": 0, "-1": None})
    pairs = read(tmp_path, sink.getvalue(), "dev.parquet", labels=labels)
    assert (texts(pairs), pairs.label.tolist()) == ([("a", "d"), ("c", "f")], [1, 0])
    assert pairs.reading is not None
    assert pairs.reading.left_out == {"-1": 1}


def test_sts_benchmark_and_sick_are_scored_and_ask_from_where_on_pairs_belong_together(
    tmp_path: Path,
) -> None:
    plain = TextOptions(quoting="none")
    with pytest.raises(DatasetFileError, match="set `duplicate_from`") as caught:
        read(tmp_path, STS_B, "train.tsv", plain)
    assert caught.value.field == "duplicate_from"
    pairs = read(tmp_path, STS_B, "train.tsv", plain, duplicate_from=3.8)
    assert pairs.score is not None
    assert pairs.score.tolist() == pytest.approx([4.2, 0, 3.8])
    assert pairs.label.tolist() == [1, 0, 1]
    pairs = read(tmp_path, SICK, "SICK.txt.tsv", duplicate_from=4)
    assert pairs.reading is not None
    assert pairs.reading.columns["score"] == "relatedness_score"
    assert pairs.label.tolist() == [1, 0]


def test_triplets_of_all_nli_become_a_pair_of_each_label_that_stay_together(
    tmp_path: Path,
) -> None:
    pairs = read(tmp_path, ALL_NLI, "train.jsonl")
    assert texts(pairs)[:2] == [
        ("A man rows.", "A person is in a boat."),
        ("A man rows.", "The man sleeps."),
    ]
    assert pairs.label.tolist() == [1, 0, 1, 0]
    assert pairs.triplet is not None
    assert pairs.triplet.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("table", ["csv", "parquet", "jsonl"])
def test_a_triplet_has_as_many_negatives_as_it_has(tmp_path: Path, table: str) -> None:
    header = ["query", "positive", "negative_1", "negative_2", "split"]
    rows = [["q", "p", "n", "m", "train"], ["r", "s", "t", "", "test"]]
    pairs = read(tmp_path, _written(table, header, rows), f"a.{table}", split="split")
    assert texts(pairs) == [("q", "p"), ("q", "n"), ("q", "m"), ("r", "s"), ("r", "t")]
    assert pairs.triplet is not None
    assert pairs.triplet.tolist() == [0, 0, 0, 1, 1]
    assert pairs.split is not None
    assert pairs.split.tolist() == [0, 0, 0, 2, 2]
    rows[1][2] = " "
    with pytest.raises(BadRows, match="it has no negative"):
        read(tmp_path, _written(table, header, rows), f"a.{table}", split="split")


@pytest.mark.parametrize("table", ["csv", "parquet", "jsonl"])
def test_pairs_without_a_label_belong_together_where_names_or_the_sender_say_so(
    tmp_path: Path, table: str
) -> None:
    rows = [["a", "b"], ["c", "d"]]
    pairs = read(tmp_path, _written(table, ["query", "answer"], rows), f"a.{table}")
    assert pairs.label.tolist() == [1, 1]
    assert pairs.reading is not None
    assert pairs.reading.shape == "positive_pairs"
    unnamed = _written(table, ["sentence1", "sentence2"], rows)
    with pytest.raises(DatasetFileError, match="`shape` to positive_pairs"):
        read(tmp_path, unnamed, f"a.{table}")
    pairs = read(tmp_path, unnamed, f"a.{table}", shape="positive_pairs")
    assert (texts(pairs), pairs.label.tolist()) == ([("a", "b"), ("c", "d")], [1, 1])


@pytest.mark.parametrize(
    ("header", "field", "names"),
    [
        ("sentence1,sentence2,label,score", "shape", "'label', 'score'"),
        ("sentence1,sentence2,text1,text2,label", "question1", "'sentence1', 'sentence2', 'text1'"),
        ("sentence1,sentence2,label,gold_label", "label", "'label', 'gold_label'"),
        ("anchor,positive,negative,score", "shape", "'score', 'negative'"),
    ],
)
def test_names_that_leave_a_choice_are_refused_at_the_field_that_decides(
    tmp_path: Path, header: str, field: str, names: str
) -> None:
    with pytest.raises(DatasetFileError) as caught:
        read(tmp_path, header + "\na,b,1,1,1\n", "a.csv")
    assert caught.value.field == field
    assert names in str(caught.value)


def test_the_sender_decides_where_names_leave_a_choice(tmp_path: Path) -> None:
    content = "sentence1,sentence2,label,score,x\na,b,1,0.2,c\n"
    assert read(tmp_path, content, "a.csv", label="label").label.tolist() == [1]
    scored = read(tmp_path, content, "a.csv", score="score", duplicate_from=0.5)
    assert scored.label.tolist() == [0]
    triplets = read(tmp_path, content, "a.csv", negatives=("x",))
    assert texts(triplets) == [("a", "b"), ("a", "c")]
    other = read(tmp_path, content, "a.csv", question2="x", label="label")
    assert texts(other) == [("a", "c")]


def _written(table: str, header: list[str], rows: list[list[str]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if table == "csv":
        return "\n".join(",".join(row) for row in [header, *rows]).encode()
    if table == "jsonl":
        return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows).encode()
    sink = io.BytesIO()
    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, header), sink)
    return sink.getvalue()
