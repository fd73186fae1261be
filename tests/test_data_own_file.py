"""A user's own files: what is read from them, what is held out, and what is refused in a sentence."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lottery.data import own_file

ROWS = [(f"text {number}", "good" if number % 3 else "bad") for number in range(30)]
COLUMNS = {"first": "text", "label": "label"}


def written(path: Path, rows=ROWS, names=("text", "label"), encoding="utf-8") -> Path:
    if path.suffix == ".jsonl":
        text = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        path.write_text(text, encoding=encoding)
    elif path.suffix == ".tsv":
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in [names, *rows]), encoding=encoding)
    else:
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([names, *rows])
    return path


def read(train, dev=None, columns=COLUMNS, labels="classes", dev_share=0.2):
    return own_file.read(train, dev, columns, labels, dev_share=dev_share)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".CSV"])
def test_every_format_holds_the_same_rows(tmp_path, suffix):
    train, dev = written(tmp_path / f"a{suffix}"), written(tmp_path / f"b{suffix}", ROWS[::-2])
    task, tables = read(train, dev)
    told = (task.TITLE, task.KIND, task.LABELS, task.PAIR, task.METRIC)
    assert told == (f"a{suffix}", "classification", ("bad", "good"), False, "accuracy")
    for split, rows in (("train", ROWS), ("dev", ROWS[::-2])):
        assert tables[split]["first"].tolist() == [text for text, _ in rows]
        assert [task.LABELS[label] for label in tables[split]["label"]] == [label for _, label in rows]


def test_texts_stay_as_they_are(tmp_path):
    texts = ['said "so", he', "two\nlines", "tab\there", "café 語", " blanks ", "NA", "null", "1"]
    rows = [(text, str(number % 2)) for number, text in enumerate(texts)]
    for suffix in (".csv", ".jsonl"):
        _, tables = read(written(tmp_path / f"a{suffix}", rows), written(tmp_path / f"b{suffix}", ROWS01))
        assert tables["train"]["first"].tolist() == texts
    plain = [row for row in rows if "\t" not in row[0] and "\n" not in row[0]]
    _, tables = read(written(tmp_path / "a.tsv", plain), written(tmp_path / "b.tsv", ROWS01))
    assert tables["train"]["first"].tolist() == [text for text, _ in plain]


ROWS01 = [("x", "0"), ("y", "1")]


def test_a_byte_order_mark_and_blank_lines_at_the_end_are_nothing(tmp_path):
    one, two = written(tmp_path / "a.csv", encoding="utf-8-sig"), written(tmp_path / "b.jsonl", ROWS[1:])
    for path in (one, two):
        with path.open("a") as file:
            file.write("\n")
    assert len(read(one, two)[1]["train"]) == 30


def test_pairs_and_other_columns(tmp_path):
    rows = [(number, f"q{number}", f"a{number}", number % 2) for number in range(10)]
    columns = {"first": "question", "second": "answer", "label": "fits"}
    for suffix in (".csv", ".tsv", ".jsonl"):
        train = written(tmp_path / f"a{suffix}", rows, ("id", "question", "answer", "fits"))
        task, tables = read(train, columns=columns)
        whole = pd.concat(tables.values())
        assert task.PAIR
        assert sorted(zip(whole["first"], whole["second"], whole["label"], strict=True)) == [row[1:] for row in rows]


def test_classes_that_are_whole_numbers_are_in_their_order(tmp_path):
    rows = [(f"t{number}", [10, 9, -1][number % 3]) for number in range(30)]
    assert read(written(tmp_path / "a.jsonl", rows))[0].LABELS == ("-1", "9", "10")


def test_a_share_is_held_out_of_each_class_alike_and_always_the_same(tmp_path):
    rows = [(f"t{number}", "rare" if number < 20 else "common") for number in range(100)]
    _, tables = read(written(tmp_path / "a.csv", rows), dev_share=0.25)
    texts = [*tables["train"]["first"], *tables["dev"]["first"]]
    assert Counter(texts) == Counter(text for text, _ in rows)
    assert Counter(tables["dev"]["label"]) == {0: 20, 1: 5}
    _, again = read(written(tmp_path / "other.csv", rows), dev_share=0.25)
    assert again["dev"]["first"].tolist() == tables["dev"]["first"].tolist()
    assert tables["dev"]["first"].tolist() != sorted(tables["dev"]["first"])
    assert all(table.index.tolist() == list(range(len(table))) for table in tables.values())


def test_labels_that_are_numbers_are_moved_and_scaled_by_those_of_train(tmp_path):
    numbers = [3.5, 100.0, -2e3, 7.0, 8.0, 9.0]
    train = written(tmp_path / "a.csv", [(f"t{number}", number) for number in numbers])
    dev = written(tmp_path / "b.csv", [("u", 3.5), ("v", 0)])
    task, tables = read(train, dev, labels="numbers")
    assert (task.KIND, task.LABELS, task.METRIC) == ("regression", (), "pearson_spearman")
    mean, deviation = np.mean(numbers), np.std(numbers, ddof=1)
    assert tables["train"]["label"].tolist() == pytest.approx([(number - mean) / deviation for number in numbers])
    assert tables["dev"]["label"].tolist() == pytest.approx([(3.5 - mean) / deviation, -mean / deviation])


def test_scores_of_a_few_answers(tmp_path):
    three = [(f"t{number}", "abc"[number % 3]) for number in range(30)]
    task, _ = read(written(tmp_path / "a.csv", three))
    found = task.metrics(np.array([0, 0, 1, 2, 2, 1]), np.array([0, 1, 1, 2, 0, 1]))
    # F1 of a: 1 right of 2 given and 2 there; of b: 2 of 2 and 3; of c: 1 of 2 and 1.
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["f1_macro"] == pytest.approx((2 * 1 / 4 + 2 * 2 / 5 + 2 * 1 / 3) / 3)
    assert found["matthews"] == pytest.approx((4 * 6 - (2 * 2 + 2 * 3 + 2 * 1)) / np.sqrt((36 - 12) * (36 - 14)))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", "x", "does not end in .csv, .tsv, .jsonl"),
        ("a.csv", "", "has no row"),
        ("a.csv", "text,label\n", "has no row"),
        ("a.csv", "text;label\nx;1\n", "separated by semicolons: save the file with commas, as .csv): its columns are"),
        ("a.csv", '"id";"label";"text"\n1;"x";"y"\n', "line 1: not separated by commas but by semicolons"),
        ("a.csv", "text\tlabel\nx\t1\n", "separated by tabs: call it .tsv"),
        ("a.csv", '"text"|"label"\n"x"|"1"\n', "line 1: not separated by commas but by bars"),
        ("a.tsv", "text,label\nx,1\n", "separated by commas: call it .csv"),
        (
            "a.csv",
            "Our feedback\ntext,label\nx,1\n",
            "(the first line names the columns): its columns are Our feedback",
        ),
        ("a.csv", "x,1\ny,2\n", "(the first line names the columns): its columns are x, 1"),
        ("a.csv", "Text,Label\nx,1\n", "column 'text' is not there (did you mean 'Text'?)"),
        ("a.csv", "texts,label\nx,1\n", "column 'text' is not there (did you mean 'texts'?)"),
        ("a.csv", "text, text ,label\nx,y,1\n", "column 'text' is twice"),
        ("a.csv", "text,label\nso, so,1\n", "row 1: 3 fields where there are 2 columns: a text with commas stands in"),
        ("a.csv", "text,label\nx,1\ny\0y,2\n", "line 3: it holds a zero byte"),
        ("a.csv", "text,text,label\nx,y,1\n", "column 'text' is twice"),
        ("a.csv", "text,label\nx,1\ny\n", "row 2: 1 fields where there are 2 columns"),
        ("a.csv", 'text,label\n"x,1\ny,2\n', "line 3: not separated by commas with texts in double quotes"),
        ("a.csv", "text,label\nx,1\n  ,2\n", "row 2: column 'text' is empty"),
        ("a.csv", "text,label\nx,1\ny,\nz,1\nv,\n", "row 2: column 'label' is empty"),
        ("a.csv", "text,label\n" + "x,1\n" * 6, "all rows have the label '1'"),
        ("a.csv", "text,label\n" + "".join(f"x,{i}\n" for i in range(9)), "9 different labels in 9 rows"),
        ("a.tsv", "text\tlabel\nx\t1\ty\n", "row 1: 3 fields"),
        ("a.jsonl", "\n", "has no row"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": ', "line 2: not JSON"),
        ("a.jsonl", '["x", 1]\n', "line 1: not a JSON object; a .jsonl file holds one object a line"),
        ("a.jsonl", '[\n{"text": "x", "label": 1},\n', "line 1: not JSON"),
        ("a.jsonl", '{"text": "x", "label": 1, "label": 2}\n', "line 1: not JSON ('label' is there twice)"),
        ("a.jsonl", '{"text": {"body": "x"}, "label": 1}\n', "line 1: 'text' is a list or an object"),
        ("a.jsonl", '{"text": ["a", "b"], "label": 1}\n', "line 1: 'text' is a list or an object"),
        ("a.csv", 'text,label\nx,1\ny,"[1, 2]"\n' * 2, "row 2: the label [1, 2] is a list or an object"),
        ("a.jsonl", '{"text": "\\ud800", "label": 1}\n', "line 1: not JSON"),
        ("a.csv", "text,label\n" + "x,--5\n" * 5 + "y,6\n", "'--5' has a single text"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"label": 1}\n', "row 2: column 'text' is empty"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": null, "label": 1}\n', "row 2: column 'text' is empty"),
        ("a.csv", "text,label\n" + "".join(f"x{i},0\n" for i in range(5)) + "z,1\n", "'1' has a single text"),
        ("a.csv", "text,label\n" + "x,0\ny,1\n" * 5, "has a single text"),
        ("a.csv", "text,label\n" + "".join(f"{i},{i % 3}\n" for i in range(6)), "cannot be held out"),
        ("a.jsonl", '{"text": "x"}\n{"text": "y", "label": 1}\n', "row 1: column 'label' is empty"),
        ("a.jsonl", '{"text": "x", "label": NaN}\n{"text": "y", "label": 1}\n', "row 1: column 'label' is empty"),
        (
            "a.jsonl",
            '{"text": "x", "label": 1}\n{"text": "y", "label": [1, 2]}\n' * 2,
            "line 2: 'label' is a list",
        ),
        ("a.tsv", "text\tlabel\rx\t1\r", "old Macs"),
        ("a.tsv", 'text\tlabel\n"she said ""so"""\t1\nplain\t0\n', "save it as .csv"),
    ],
)
def test_a_file_that_nothing_can_be_learnt_from_is_refused(tmp_path, name, content, told):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.(csv|tsv|jsonl|txt)") as error:
        read(tmp_path / name)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", gzip.compress(b"text,label", mtime=0), "packed by gzip: unpack it"),
        ("a.tsv", b"PK\x03\x04...", "an archive or a workbook: unpack it, or save the sheet as .csv"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1", "an old workbook: save the sheet as .csv"),
        ("a.jsonl", b"PAR1...", "it is Parquet"),
        ("a.csv", "text,label".encode("utf-16"), "in UTF-16: save it as UTF-8"),
        ("a.csv", "text,label".encode("utf-16-le"), "line 1: it holds a zero byte"),
        ("a.csv.gz", b"x", "does not end in .csv, .tsv, .jsonl: unpack it"),
        ("a.XLSX", b"x", "does not end in .csv, .tsv, .jsonl: save the sheet as .csv"),
        ("a.parquet", b"x", "does not end in .csv, .tsv, .jsonl: write it with `pandas.read_parquet"),
        ("a.json", b"x", "does not end in .csv, .tsv, .jsonl: write one object a line"),
        ("a.ndjson", b"x", "does not end in .csv, .tsv, .jsonl: call it .jsonl"),
        ("a.conll", b"x", "for a tag of each word say that the labels are tags"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_what_makes_one_of_it(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name) as error:
        read(tmp_path / name)
    assert told in str(error.value)


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(ValueError, match=r"a\.csv is a folder"):
        read(tmp_path / "a.csv")


def test_what_a_file_holds_is_not_repeated_at_any_length(tmp_path):
    words = "word " * 1000
    contents = {
        "names.csv": ",".join(f"column {number}" for number in range(1000)) + "\nx\n",
        "label.csv": "text,label\n" + "x,0\n" * 5 + f"y,{words}\n",
        "one.csv": "text,label\n" + f"x,{words}\n" * 5,
        "list.csv": 'text,label\n"x","[' + "1, " * 1000 + '1]"\n',
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=name) as error:
            read(tmp_path / name)
        assert len(str(error.value)) < 500 + len(str(tmp_path))
    (tmp_path / "number.csv").write_text(f"text,label\nx,{words}\n")
    with pytest.raises(ValueError, match="is not a number") as error:
        read(tmp_path / "number.csv", labels="numbers")
    assert len(str(error.value)) < 500 + len(str(tmp_path))
    with pytest.raises(ValueError, match="is none of bad, good") as error:
        read(written(tmp_path / "a.csv"), written(tmp_path / "b.csv", [("x", "good"), ("y", words)]))
    assert len(str(error.value)) < 500 + len(str(tmp_path))


def test_names_of_columns_are_read_as_the_eye_does(tmp_path):
    for names in ((" text", "label "), ("\u200btext", "la\u00adbel"), ("text", "\u00a0label")):
        for suffix in (".csv", ".tsv", ".jsonl"):
            assert len(read(written(tmp_path / f"a{suffix}", names=names))[1]["train"]) == 24
    path = written(tmp_path / "a.csv", names=("re\u0301ponse", "label"))
    assert len(read(path, columns={"first": "r\u00e9ponse", "label": "label"})[1]["train"]) == 24


def test_a_file_in_another_encoding_or_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="UTF-8"):
        read(written(tmp_path / "a.csv", [("café", "1")], encoding="latin-1"))
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        read(tmp_path / "gone.csv")


@pytest.mark.parametrize("label", ["", "nan", "inf", "many"])
def test_a_label_that_is_no_number_is_refused(tmp_path, label):
    with pytest.raises(ValueError, match=r"row 2: label .* is not a number"):
        read(written(tmp_path / "a.csv", [("x", "1"), ("y", label)]), labels="numbers")


def test_a_second_text_that_is_missing_is_refused(tmp_path):
    rows = [("q", "a", "1"), ("q", "", "0")]
    train = written(tmp_path / "a.csv", rows, ("text", "answer", "label"))
    with pytest.raises(ValueError, match="row 2: column 'answer' is empty"):
        read(train, columns=COLUMNS | {"second": "answer"})


def test_a_model_is_not_judged_by_what_it_was_trained_on(tmp_path):
    train = written(tmp_path / "a.csv")
    copy = written(tmp_path / "b.csv")
    (tmp_path / "link.csv").symlink_to(train)
    for dev in (train, tmp_path / "x" / ".." / "a.csv", copy, tmp_path / "link.csv"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(ValueError, match="is the same as"):
            read(train, dev)


def test_dev_may_hold_no_label_that_train_lacks_and_not_one_alone(tmp_path):
    train = written(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"b\.csv, row 2: label 'so-so' is none of bad, good"):
        read(train, written(tmp_path / "b.csv", [("x", "good"), ("y", "so-so")]))
    with pytest.raises(ValueError, match=r"b\.csv: all rows have the label 'good'"):
        read(train, written(tmp_path / "b.csv", [("x", "good"), ("y", "good")]))


def test_held_out_rows_of_one_label_are_refused(tmp_path):
    few = [(f"t{number}", "rare" if number < 2 else "common") for number in range(26)]
    with pytest.raises(ValueError, match="all rows held out for dev have the label 'common'"):
        read(written(tmp_path / "a.csv", few))
    for odd in range(10):  # wherever the one that differs lies, one side is left with equal numbers
        rows = [(f"t{number}", 5 if number == odd else 3) for number in range(10)]
        with pytest.raises(ValueError, match="have the label '3'"):
            read(written(tmp_path / "b.csv", rows), labels="numbers")


def test_empty_rows_are_nothing(tmp_path):
    for suffix, row in ((".csv", ",\n"), (".tsv", "\n\t\n")):
        path = written(tmp_path / f"a{suffix}")
        with path.open("a") as file:
            file.write(row)
        assert sum(map(len, read(path)[1].values())) == 30


def test_a_column_is_read_once(tmp_path):
    with pytest.raises(ValueError, match="not all different"):
        read(written(tmp_path / "a.csv"), columns=COLUMNS | {"second": "text"})


@pytest.mark.parametrize("share", [0.0, 0.001, 0.99])
def test_a_share_that_leaves_nothing_is_refused(tmp_path, share):
    with pytest.raises(ValueError, match="cannot be held out"):
        read(written(tmp_path / "a.csv"), dev_share=share)


def test_a_text_of_any_length_is_read_and_the_reader_of_others_left_as_it_was(tmp_path):
    before = csv.field_size_limit()
    _, tables = read(written(tmp_path / "a.csv", [("x" * 150_000, "bad"), *ROWS]), written(tmp_path / "b.csv"))
    assert tables["train"]["first"].str.len().max() == 150_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("spellings", "names"),
    [
        ([1, 1.0, 0, 0.0], ("0", "1")),
        (["1", "1.0", "0", "0.00"], ("0", "1")),
        ([-1, -1.0, "2", 2.0], ("-1", "2")),
        (["1.5", "1.50", "x", "x"], ("1.5", "1.50", "x")),
        (["caf\u00e9", "cafe\u0301", "bar", "bar\u200b"], ("bar", "caf\u00e9")),
        (["very good", "very\u00a0 good", "bad", "\ufeffbad\u00ad"], ("bad", "very good")),
        (["007", "7", "x", "x"], ("007", "7", "x")),
    ],
)
def test_what_no_one_can_tell_apart_is_one_class(tmp_path, spellings, names):
    rows = [(f"text {number}", spellings[number % 4]) for number in range(40)]
    for suffix in (".jsonl",) if any(not isinstance(each, str) for each in spellings) else (".csv", ".jsonl"):
        train, dev = written(tmp_path / f"a{suffix}", rows), written(tmp_path / f"b{suffix}", rows[::-1][:20])
        task, tables = read(train, dev)
        assert list(task.LABELS) == list(names)
        told = [names[label] for label in tables["train"]["label"]]
        assert all(told[number] == told[number + 4] for number in range(36))


def test_classes_that_differ_in_capitals_are_two_and_it_is_said(tmp_path):
    rows = [(f"text {number}", ("us", "US")[number % 2]) for number in range(20)]
    with pytest.warns(UserWarning, match="'US' and 'us' differ in capitals only"):
        task, _ = read(written(tmp_path / "a.csv", rows))
    assert task.LABELS == ("US", "us")


def test_rows_of_one_text_stand_on_one_side_of_the_split(tmp_path):
    rows = [(f"text {number % 100}", "ab"[number % 2]) for number in range(300)]
    _, tables = read(written(tmp_path / "a.csv", rows), dev_share=0.25)
    assert not set(tables["train"]["first"]) & set(tables["dev"]["first"])
    assert sorted(len(table) for table in tables.values()) == [75, 225]
    assert set(Counter(tables["dev"]["first"]).values()) == {3}


def test_numbers_that_cannot_be_scaled_are_refused(tmp_path):
    rows = [(f"text {number}", (1e308, -1e308)[number % 2]) for number in range(20)]
    with pytest.raises(ValueError, match="too large or too close"):
        read(written(tmp_path / "a.csv", rows), labels="numbers")


SENTENCES = [("Anna sings", "B-PER O"), ("in Bonn", "O B-LOC"), ("so it goes", "O O O")]


def tagged_file(path, rows):
    blocks = ["\n".join(map(" ".join, zip(words.split(), tags.split(), strict=True))) for words, tags in rows]
    path.write_text("\n\n".join(blocks))
    return path


def test_a_tag_for_each_word_is_a_task_of_entities(tmp_path):
    train = tagged_file(
        tmp_path / "a.conll", [(f"{words} {n}", f"{tags} O") for n in range(5) for words, tags in SENTENCES]
    )
    task, tables = read(train, labels="tags")
    assert (task.KIND, task.METRIC, task.PAIR) == ("tags", "entity_f1", False)
    assert task.LABELS == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert [len(tables[split]) for split in ("train", "dev")] == [12, 3]
    both = pd.concat(tables.values())
    assert set(both["first"]) == {f"{words} {n}" for n in range(5) for words, _ in SENTENCES}
    assert task.shares(both["label"]) == {"PER": 0.5, "LOC": 0.5}
    other = tagged_file(tmp_path / "b.conll", SENTENCES)
    assert [*read(train, other, labels="tags")[1]["dev"]["label"]] == [tags for _, tags in SENTENCES]


@pytest.mark.parametrize(
    ("dev", "columns", "told"),
    [
        ([("Anna", "B-ORG")], {}, "entities of type 'ORG' are not in"),
        ([("Anna", "O")], {}, "all words have the tag O"),
        (SENTENCES, {"second": "other"}, "the column 'other' is of a second text"),
        (None, {}, "cannot be held out"),
    ],
)
def test_tags_that_do_not_go_together_are_refused(tmp_path, dev, columns, told):
    train = tagged_file(tmp_path / "a.conll", SENTENCES if dev else SENTENCES[:1])
    dev = tagged_file(tmp_path / "b.conll", [*dev, ("Bert", "O")]) if dev else None
    with pytest.raises(ValueError, match=r"conll|column") as error:
        read(train, dev, {**COLUMNS, **columns}, "tags")
    assert told in str(error.value)


def test_texts_may_be_lists_of_words(tmp_path):
    written(tmp_path / "a.jsonl", [([f"w{number}", "is", "here"], 1) for number in range(20)], ("words", "n"))
    assert own_file.texts(tmp_path / "a.jsonl", {"first": "words"})["first"][3] == "w3 is here"
    tagged_file(tmp_path / "a.conll", SENTENCES * 7)
    assert own_file.texts(tmp_path / "a.conll", {})["first"][1] == "in Bonn"
