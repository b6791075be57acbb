"""Files of runs as trackers export them, and every question that a file leaves open."""

from pathlib import Path

import pytest

from models.referee.run_table import MOST_BYTES, RunFileError, RunTable, read_run_table
from models.referee.run_values import ReadArms, RunColumns, arms_of_files, arms_of_table

# as the page of Weights & Biases exports its table of runs: every cell quoted, configuration
# before summary, and a sweep that says its parameters again
WANDB = """"Name","Agent","State","Notes","User","Tags","Created","Runtime","Sweep","batch_size",\
"loss","optimizer.lr","parameters.loss","parameters.seed","seed","_step","test/accuracy","test/loss"
"brave-1","a","finished","-","ann","","2026-01-01T00:00:00.000Z","61","s1","8",\
"modified","0.01","modified","0","0","300","0.74","0.41"
"calm-2","a","finished","-","ann","","2026-01-01T00:02:00.000Z","63","s1","8",\
"vanilla","0.01","vanilla","0","0","300","0.73","0.42"
"deft-3","a","crashed","-","ann","","2026-01-01T00:04:00.000Z","12","s1","8",\
"modified","0.01","modified","1","1","40","0.61","0.66"
"eager-4","a","finished","-","ann","","2026-01-01T00:06:00.000Z","64","s1","8",\
"modified","0.01","modified","1","1","300","0.75","0.40"
"fair-5","a","finished","-","ann","","2026-01-01T00:08:00.000Z","60","s1","8",\
"vanilla","0.01","vanilla","1","1","300","0.72","0.43"
"gone-6","a","finished","-","ann","","2026-01-01T00:10:00.000Z","60","s1","8",\
"vanilla","0.01","vanilla","2","2","300","","0.43"
"""
# as MLflow's page writes it: parameters, metrics and tags by their bare names, and an apostrophe
# before whatever a spreadsheet might take for a formula
MLFLOW_PAGE = """"Start Time","Duration","Run ID","Name","Source Type","Source Name","User",\
"Status","loss","seed","score","team"
"2026-01-01 00:00:00","1s","r1","one","LOCAL","t.py","ann","FINISHED","modified","0","'-0.25","x"
"2026-01-01 00:01:00","1s","r2","two","LOCAL","t.py","ann","FINISHED","vanilla","0","'-0.5","x"
"2026-01-01 00:02:00","1s","r3","three","LOCAL","t.py","ann","FINISHED","modified","1","0.5","x"
"2026-01-01 00:03:00","1s","r4","four","LOCAL","t.py","ann","FINISHED","vanilla","1","0.25","x"
"2026-01-01 00:04:00","1s","r5","five","LOCAL","t.py","ann","RUNNING","vanilla","2","","x"
"""
# as `mlflow.search_runs().to_csv()` writes it: pandas' index, and a prefix for every kind
MLFLOW_FRAME = """,run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.acc,\
metrics.loss,params.loss,params.seed,tags.mlflow.runName
0,r4,1,FINISHED,mlflow-artifacts:/1,2026-01-01 00:03:00+00:00,2026-01-01 00:04:00+00:00,0.72,\
0.4,vanilla,1,four
1,r3,1,FINISHED,mlflow-artifacts:/1,2026-01-01 00:02:00+00:00,2026-01-01 00:03:00+00:00,0.75,\
0.3,modified,1,three
2,r2,1,FINISHED,mlflow-artifacts:/1,2026-01-01 00:01:00+00:00,2026-01-01 00:02:00+00:00,0.73,\
0.4,vanilla,0,two
3,r1,1,FAILED,mlflow-artifacts:/1,2026-01-01 00:00:00+00:00,2026-01-01 00:01:00+00:00,,\
0.9,modified,0,one
4,r0,1,FINISHED,mlflow-artifacts:/1,2026-01-01 00:00:00+00:00,2026-01-01 00:01:00+00:00,0.74,\
0.3,modified,0,again
"""
PLAIN = "seed,value\n0,0.74\n1,0.75\n"


def table(tmp_path: Path, text: str, name: str = "runs.csv") -> RunTable:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_run_table(path)


def by(tmp_path: Path, text: str, column: str | None, metric: str | None = None) -> ReadArms:
    return arms_of_table(table(tmp_path, text), RunColumns(metric, by=column))


def values(read: ReadArms) -> dict[str, dict[int, float]]:
    return {arm.name: dict(arm.by_seed) for arm in read.arms}


def refusal(tmp_path: Path, text: str, asked: RunColumns) -> str:
    with pytest.raises(RunFileError) as raised:
        arms_of_table(table(tmp_path, text), asked)
    return str(raised.value)


def test_an_export_of_weights_and_biases_is_read_as_it_comes(tmp_path: Path) -> None:
    read = by(tmp_path, WANDB, "loss", "test/accuracy")
    assert values(read) == {"modified": {0: 0.74, 1: 0.75}, "vanilla": {0: 0.73, 1: 0.72}}
    assert (read.metric, read.baseline) == ("test/accuracy", "modified")
    assert read.columns == "the seed from seed, the value from test/accuracy"
    assert read.left_out == (
        "1 run of modified that did not finish is left out.",
        "1 run of vanilla without a seed or a value is left out.",
    )


def test_the_download_of_mlflows_page_is_read_as_it_comes(tmp_path: Path) -> None:
    read = by(tmp_path, MLFLOW_PAGE, "loss")
    assert values(read) == {"modified": {0: -0.25, 1: 0.5}, "vanilla": {0: -0.5, 1: 0.25}}
    assert read.metric == "score"  # the one column of numbers that is not the seed
    assert read.left_out == ("1 run of vanilla that did not finish is left out.",)


def test_a_parameter_and_a_metric_of_one_name_are_told_apart(tmp_path: Path) -> None:
    read = by(tmp_path, MLFLOW_PAGE.replace('"score"', '"loss"'), "loss", "loss")
    assert values(read) == {"modified": {0: -0.25, 1: 0.5}, "vanilla": {0: -0.5, 1: 0.25}}


def test_a_frame_of_mlflow_is_read_as_it_comes(tmp_path: Path) -> None:
    read = by(tmp_path, MLFLOW_FRAME, "loss", "acc")
    assert values(read) == {"vanilla": {1: 0.72, 0: 0.73}, "modified": {1: 0.75, 0: 0.74}}
    assert read.columns == "the seed from params.seed, the value from metrics.acc"
    assert (read.metric, read.baseline) == ("acc", "vanilla")
    asked = refusal(tmp_path, MLFLOW_FRAME, RunColumns(by="loss"))
    assert asked.endswith("is the metric? Name it with --metric: metrics.acc, metrics.loss")


@pytest.mark.parametrize("metric", ["test/accuracy", "Test/Accuracy", "accuracy"])
def test_a_column_may_be_named_in_short_where_no_other_ends_so(tmp_path: Path, metric: str) -> None:
    assert by(tmp_path, WANDB, "loss", metric).metric == "test/accuracy"
    twice = WANDB.replace("test/loss", "train/accuracy")
    assert "no column 'accuracy'" in refusal(tmp_path, twice, RunColumns("accuracy", by="loss"))


def test_two_files_are_two_arms_called_as_they_are(tmp_path: Path) -> None:
    first = table(tmp_path, PLAIN, "modified.csv")
    second = table(tmp_path, "value;seed\n0.73;1\n0.72;0\n", "vanilla.TSV")
    read = arms_of_files([first, second], RunColumns())
    assert values(read) == {"modified": {0: 0.74, 1: 0.75}, "vanilla": {1: 0.73, 0: 0.72}}
    assert (read.baseline, read.metric) == ("vanilla", "value")
    again = arms_of_files([first, first], RunColumns())
    assert [arm.name for arm in again.arms] == ["modified (1)", "modified (2)"]
    other = table(tmp_path, "seed\tacc\n0\t0.7\n1\t0.8\n", "tabs.tsv")
    with pytest.raises(RunFileError, match="different metrics, value and acc"):
        arms_of_files([first, other], RunColumns())


@pytest.mark.parametrize("seed", ["3", "3.0", "-2", "4294967295"])
def test_a_seed_is_a_whole_number_also_as_pandas_writes_it(tmp_path: Path, seed: str) -> None:
    file = table(tmp_path, f"\ufeffseed,value\n{seed},0.5\n")
    (arm, _) = arms_of_files([file, file], RunColumns()).arms
    assert arm.by_seed == {int(float(seed)): 0.5}


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        (PLAIN, RunColumns(), "name it with --by. Or give a second file"),
        (WANDB, RunColumns(), "name it with --by: loss, parameters.loss. Or give"),
        (WANDB, RunColumns(by="loss"), "with --metric: test/accuracy, test/loss"),
        (WANDB, RunColumns(by="lss"), "no column 'lss', which --by names; its columns are Name"),
        (WANDB, RunColumns("acc", by="loss"), "no column 'acc', which --metric names"),
        (WANDB, RunColumns("test/loss", seed="rate", by="loss"), "'rate', which --seed"),
        ("seed,l,value\n0,a,1\n1,a,2\n", RunColumns(by="l"), "under 1 of the values of l"),
        ("a,value\n0,1\n1,2\n", RunColumns(by="a"), "is called seed; name the one"),
        ("x.seed,y.seed,l\n0,1,a\n1,2,b\n", RunColumns(by="l"), "with --seed: x.seed, y.seed"),
        ("seed,l,value\n0,a,1\n0,a,2\n", RunColumns(by="l"), "lines 2 and 3: a has two runs under"),
        ("seed,l,value\n1.5,a,1\n0,b,2\n", RunColumns(by="l"), "line 2: the seed is '1.5'"),
        ("seed,l,value\n1,a,high\n0,b,2\n", RunColumns(by="l"), "the value is 'high', not a"),
        ("seed,l,value\n1,a,NaN\n0,b,2\n", RunColumns(by="l"), "under seed 1 is NaN; a run that"),
        ("seed,l,value\n1,a,1e999\n0,b,2\n", RunColumns(by="l"), "under seed 1 is 1e999"),
        ("seed,l,acc,acc\n1,a,1,2\n", RunColumns("acc", by="l"), "several columns called 'acc'"),
        ("seed,l,note\n1,a,x\n2,b,y\n", RunColumns(by="l"), "holds numbers that differ"),
    ],
)
def test_what_a_file_leaves_open_is_asked_for_by_its_option(
    tmp_path: Path, text: str, asked: RunColumns, words: str
) -> None:
    assert words in refusal(tmp_path, text, asked)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"seed,value\n\n", "no row below its header"),
        (b"seed,value\n0,1,2\n", "line 2: 3 cells, but the header names 2 columns"),
        (b"\xff\xfe\x00s", "not a text file in UTF-8"),
        (b'seed,value\n0,"' + b"x" * 200_000, "is not CSV"),
        (b"seed,value\n" + b"0,1\n" * 100_002, "more than 100,000 rows"),
    ],
)
def test_what_is_no_table_of_runs_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(content)
    with pytest.raises(RunFileError, match=words):
        read_run_table(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(RunFileError, match="larger than 64 MiB"):
        read_run_table(path)
    with pytest.raises(RunFileError, match="cannot be read"):
        read_run_table(tmp_path)


def test_a_row_may_end_early_and_a_cell_may_span_lines(tmp_path: Path) -> None:
    read = table(tmp_path, 'note,seed,value,more\n"two\nlines",0,0.5,x\nb,1,0.6\n')
    assert [(row.line, len(row.cells)) for row in read.rows] == [(2, 4), (4, 4)]
    assert read.column("value") == ["0.5", "0.6"]
