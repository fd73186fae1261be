"""The tasks' readers on the published files where they are at hand, and on hand-written ones in the same layout."""

import csv
import json
import random
import re
import string
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from lottery.tasks import cola, hans, mnli, mrpc, qnli, qqp, rte, squad, sst2, stsb, wnli

# Rows of train and dev, a label, and its share of dev, of the published files.
PUBLISHED = [
    (cola, 8551, 1043, "acceptable", 0.6913),
    (sst2, 67349, 872, "positive", 0.5092),
    (rte, 2490, 277, "entailment", 0.5271),
    (wnli, 635, 71, "not_entailment", 0.5634),
]


def plainly(path, header):
    """The file's rows by another road: split at line ends and tabs."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    return [line.rstrip("\r").split("\t") for line in lines if line][header:]


@pytest.mark.parametrize(("task", "train", "dev", "label", "share"), PUBLISHED)
def test_published_counts_and_shares(task, train, dev, label, share, reference):
    folder = reference(f"glue/{task.FOLDER}")
    tables = task.read(folder)
    assert {split: len(table) for split, table in tables.items()} == {"train": train, "dev": dev}
    assert (tables["dev"]["label"] == task.LABELS.index(label)).mean() == pytest.approx(share, abs=5e-5)
    for split, table in tables.items():
        assert list(table.columns) == ["first", "second", "label"] if task.PAIR else ["first", "label"]
        rows = plainly(folder / f"{split}.tsv", header=task is not cola)
        assert len(rows) == len(table)
        texts = {"first": 3} if task is cola else {"first": 0} if task is sst2 else {"first": 1, "second": 2}
        for name, place in texts.items():
            assert table[name].tolist() == [row[place] for row in rows]


def test_published_stsb(reference):
    folder = reference("glue/STS-B")
    tables = stsb.read(folder)
    assert [len(tables[split]) for split in ("train", "dev")] == [5749, 1500]
    labels = tables["dev"]["label"]
    assert (labels.mean().round(3), labels.min(), labels.max()) == (2.364, 0, 5)
    rows = plainly(folder / "dev.tsv", header=1)
    assert labels.tolist() == [float(row[-1]) for row in rows]
    assert tables["dev"]["second"].tolist() == [row[8] for row in rows]


def test_published_dev_of_qnli_and_mnli(reference, tmp_path):
    """Only the dev files are at hand: each stands for its train file too."""
    for task, file in ((qnli, "dev.tsv"), (mnli, "dev_matched.tsv")):
        (tmp_path / task.FOLDER).mkdir()
        for name in ("train.tsv", file):
            (tmp_path / task.FOLDER / name).symlink_to(reference(f"glue/{task.FOLDER}/{file}").resolve())
    found = qnli.read(tmp_path / "QNLI")["dev"]
    assert len(found) == 5463
    assert (found["label"] == qnli.LABELS.index("not_entailment")).mean() == pytest.approx(0.5054, abs=5e-5)
    tables = mnli.read(tmp_path / "MNLI")
    assert tables.keys() == {"train", "dev"}
    counts = tables["dev"]["label"].map(dict(enumerate(mnli.LABELS))).value_counts().to_dict()
    assert counts == {"entailment": 3479, "contradiction": 3213, "neutral": 3123}


def test_subsets_of_published_train_files(reference):
    for task, rows in ((mnli, 9999), (qnli, 9999)):
        tables = task.read(reference(f"glue_subsets/{task.FOLDER}"))
        assert len(tables["train"]) == rows


def written(folder, name, header, rows):
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n").writerows(
            [header, *rows]
        )


def test_mrpc(tmp_path):
    header = ["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"]
    written(tmp_path, "train.tsv", header, [["1", "10", "11", 'He said "so', "So he said"], ["0", "1", "2", "a", "b"]])
    written(tmp_path, "dev.tsv", header, [["0", "3", "4", "c", "d"]])
    tables = mrpc.read(tmp_path)
    assert tables["train"].to_dict("list") == {
        "first": ['He said "so', "a"],
        "second": ["So he said", "b"],
        "label": [1, 0],
    }
    assert mrpc.LABELS[tables["dev"]["label"][0]] == "not_equivalent"


def test_qqp(tmp_path):
    header = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
    for split in ("train", "dev"):
        written(
            tmp_path, f"{split}.tsv", header, [["5", "6", "7", "Why?", "How?", "0"], ["1", "2", "3", "x", "y", "1"]]
        )
    assert qqp.read(tmp_path)["train"].to_dict("list") == {
        "first": ["Why?", "x"],
        "second": ["How?", "y"],
        "label": [0, 1],
    }


def test_qqp_leaves_out_the_rows_that_were_published_broken(tmp_path):
    header = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
    rows = [["5", "6", "7", "Why?", "How?", "0"], ["8", "9", "10", "Why"], ["1", "2", "3", "x", "", "1"]]
    for split in ("train", "dev"):
        written(tmp_path, f"{split}.tsv", header, rows)
    with pytest.warns(UserWarning, match="2 of 3 rows lack a field") as told:
        tables = qqp.read(tmp_path)
    assert len(told) == 2
    assert tables["train"].to_dict("list") == {"first": ["Why?"], "second": ["How?"], "label": [0]}


HANS_HEADER = [
    *("gold_label", "sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse", "sentence2_parse"),
    *("sentence1", "sentence2", "pairID", "heuristic", "subcase", "template"),
]


def test_hans(tmp_path):
    rows = [
        [
            "non-entailment",
            *["( a )"] * 4,
            "The x saw the y .",
            "The y saw the x .",
            "ex0",
            "lexical_overlap",
            "s",
            "t",
        ],
        ["entailment", *["( a )"] * 4, "The x ran .", "The x ran .", "ex1", "constituent", "s", "t"],
    ]
    written(tmp_path, "heuristics_evaluation_set.txt", HANS_HEADER, rows)
    tables = hans.read(tmp_path)
    assert tables.keys() == {"dev"}
    assert tables["dev"].to_dict("list") == {
        "first": ["The x saw the y .", "The x ran ."],
        "second": ["The y saw the x .", "The x ran ."],
        "label": [1, 0],
        "group": ["lexical_overlap", "constituent"],
    }


def test_hans_takes_neutral_and_contradiction_alike_for_no_entailment():
    labels = np.array([0, 0, 0, 1, 1])
    found = hans.metrics(np.array([0, 1, 2, 1, 2]), labels)
    assert found == {
        "accuracy": pytest.approx(3 / 5),
        "accuracy_entailment": pytest.approx(1 / 3),
        "accuracy_non-entailment": 1.0,
    }
    assert np.isnan(hans.metrics(np.array([0]), np.array([0]))["accuracy_non-entailment"])


def test_mnli_has_other_columns_in_train_than_in_dev(tmp_path):
    start = "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse"
    train = [*start.split(), "sentence1", "sentence2", "label1", "gold_label"]
    dev = [*start.split(), "sentence1", "sentence2", *(f"label{i}" for i in range(1, 6)), "gold_label"]
    filler = ["n/a"] * 8
    written(tmp_path, "train.tsv", train, [[*filler, "P", "H", "entailment", "neutral"]])
    written(tmp_path, "dev_matched.tsv", dev, [[*filler, "P1", "H1", *["neutral"] * 5, "contradiction"]])
    assert mnli.read(tmp_path).keys() == {"train", "dev"}
    written(tmp_path, "dev_mismatched.tsv", dev, [[*filler, "P2", "H2", *["neutral"] * 5, "entailment"]])
    tables = mnli.read(tmp_path)
    assert {split: table.to_numpy().tolist() for split, table in tables.items()} == {
        "train": [["P", "H", mnli.LABELS.index("neutral")]],
        "dev": [["P1", "H1", mnli.LABELS.index("contradiction")]],
        "dev_mismatched": [["P2", "H2", mnli.LABELS.index("entailment")]],
    }


def test_squad_reads_one_row_a_question(tmp_path):
    answers = [{"text": "a cat", "answer_start": 5}, {"text": "cat", "answer_start": 7}]
    questions = [
        {"question": "Who?", "id": "1", "answers": answers},
        {"question": "Where?", "id": "2", "answers": [{"text": "mat", "answer_start": 16}]},
    ]
    article = {"title": "t", "paragraphs": [{"context": "Once a cat on a mat.", "qas": questions}]}
    for split in ("train", "dev"):
        (tmp_path / f"{split}-v1.1.json").write_text(json.dumps({"version": "1.1", "data": [article, article]}))
    table = squad.read(tmp_path)["dev"]
    assert len(table) == 4
    assert table.iloc[0].to_dict() == {
        "first": "Who?",
        "second": "Once a cat on a mat.",
        "answer": "a cat",
        "start": 5,
        "answers": ("a cat", "cat"),
    }


def squad_file(question=None, *, context="Once a cat on a mat.", data=None):
    """The text of a file with a good question, id "good", and one more."""
    good = {"question": "Who?", "id": "good", "answers": [{"text": "a cat", "answer_start": 5}]}
    paragraphs = [{"context": context, "qas": [good, *([question] if question else [])]}]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}] if data is None else data})


def asked(**changes):
    """A question, id "bad"; changed to None means left out."""
    question = {"question": "Where?", "id": "bad", "answers": [{"text": "mat", "answer_start": 16}]} | changes
    return {key: value for key, value in question.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is not laid out as SQuAD v1.1: Invalid JSON"),
        (squad_file()[:-9], "is not laid out as SQuAD v1.1: Invalid JSON"),
        (squad_file().encode("utf-16"), "is not a UTF-8 file as SQuAD v1.1 is published"),
        ("[]", "is not laid out as SQuAD v1.1: Input should be an object"),
        ("{}", "is not laid out as SQuAD v1.1: data: Field required"),
        (squad_file(data=[]), "holds no question"),
        (squad_file(data=[{"paragraphs": []}]), "holds no question"),
        (squad_file(data=[{"title": "t"}]), "SQuAD v1.1: data.0.paragraphs: Field required"),
        (squad_file(asked(answers=None)), "SQuAD v1.1: question 'bad', data.0.paragraphs.0.qas.1.answers: Field req"),
        (squad_file(asked(question=None)), "SQuAD v1.1: question 'bad', data.0.paragraphs.0.qas.1.question: Field"),
        (squad_file(asked(id=None)), "SQuAD v1.1: data.0.paragraphs.0.qas.1.id: Field required"),
        (
            squad_file(asked(answers=[{"text": "mat"}])),
            r"question 'bad', data.*qas.1.answers.0.answer_start: Field req",
        ),
        (squad_file(asked(answers=[{"text": "mat", "answer_start": "16"}])), "question 'bad', .*a valid integer"),
        (squad_file(asked(answers=[{"text": 5, "answer_start": 16}])), "question 'bad', .*text: .* a valid string"),
        (squad_file(asked(answers=[])), "question 'bad' has no answer, as in SQuAD 2: give the files of v1.1"),
        (squad_file(asked(answers=[], is_impossible=True)), "question 'bad' has no answer, as in SQuAD 2"),
        (squad_file(asked(answers=[{"text": " ", "answer_start": 4}])), "question 'bad': an answer is empty"),
        (squad_file(context=""), "'good': the answer 'a cat' does not stand at character 5 of its paragraph of 0 ch"),
        *(
            (
                squad_file(asked(answers=[{"text": "mat", "answer_start": start}])),
                f"'bad': .*'mat' .* character {start} ",
            )
            for start in (15, 17, 2000, -4)
        ),
        (
            squad_file(asked(answers=[{"text": "mat", "answer_start": 16}, {"text": "cat", "answer_start": 6}])),
            "question 'bad': the answer 'cat' does not stand at character 6 of its paragraph of 20 characters",
        ),
    ],
)
def test_a_squad_file_of_another_layout_is_refused(tmp_path, text, match):
    for split in ("train", "dev"):
        (tmp_path / f"{split}-v1.1.json").write_text(squad_file(asked()), encoding="utf-8-sig")
    assert squad.read(tmp_path)["train"]["answer"].tolist() == ["a cat", "mat"]
    path = tmp_path / "dev-v1.1.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=f"^{path}.*{match}"):
        squad.read(tmp_path)


def test_the_paragraphs_of_squad_2_are_read_and_its_questions_refused(tmp_path):
    answered = {"id": "1", "question": "What?", "answers": [{"text": "cat", "answer_start": 2}]}
    unanswered = {"id": "2", "question": "Who?", "answers": [], "is_impossible": True}
    paragraphs = [{"context": text, "qas": [answered, unanswered]} for text in ("A cat.", "B cat.", "A cat.")]
    file = tmp_path / "train-v2.0.json"
    file.write_text(json.dumps({"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]}))
    assert squad.contexts(file) == ["A cat.", "B cat."]
    with pytest.raises(ValueError, match="question '2' has no answer, as in SQuAD 2"):
        squad.read_file(file)
    file.write_text(json.dumps({"data": []}))
    with pytest.raises(ValueError, match="holds no paragraph"):
        squad.contexts(file)


def test_a_squad_paragraph_keeps_its_blanks(tmp_path):
    for split in ("train", "dev"):
        (tmp_path / f"{split}-v1.1.json").write_text(squad_file(context=" nce a cat \n"))
    assert squad.read(tmp_path)["dev"]["second"].tolist() == [" nce a cat \n"]


def test_published_squad(reference, tmp_path):
    (tmp_path / "dev-v1.1.json").symlink_to(reference("squad/dev-v1.1.json").resolve())
    (tmp_path / "train-v1.1.json").symlink_to(reference("squad/train_subset-v1.1.json").resolve())
    tables = squad.read(tmp_path)
    assert [len(tables[split]) for split in ("train", "dev")] == [11877, 10570]
    for table in tables.values():
        for row in table.itertuples():
            assert row.second[row.start : row.start + len(row.answer)] == row.answer
            assert row.answers[0] == row.answer


@pytest.mark.parametrize(
    ("given", "accepted", "f1", "exact"),
    [
        ("The cat!", ("cat",), 1, 1),
        ("a cat", ("dog", "cat"), 1, 1),
        ("black cat", ("the cat",), 2 / 3, 0),
        ("black cat", ("the cat", "black dog sat"), 2 / 3, 0),
        ("cat cat", ("cat",), 2 / 3, 0),
        ("theatre", ("atre",), 0, 0),
        ("x-ray", ("xray",), 1, 1),
        ("", ("cat",), 0, 0),
        ("", ("the",), 0, 1),  # nothing is left of both: the script finds them equal, and no word in common
        ("a-n cat", ("cat",), 1, 1),  # punctuation goes before articles do
        ("an' cat", ("cat",), 1, 1),
        ("a.n_cat", ("ancat",), 1, 1),
        ("the-cat", ("cat",), 0, 0),
        ("a\u2013cat", ("\u2013cat",), 1, 1),  # a dash is no ASCII punctuation, but ends a word
        ("\u201cThe\u201d cat", ("the cat",), 0.5, 0),
        ("the\u00a0cat\n sat", ("cat sat",), 1, 1),
        ("\u00c0 la carte", ("\u00e0 LA Carte!",), 1, 1),
        ("\u00e1 cat", ("cat",), 2 / 3, 0),
        ("cat sat on", ("a cat", "cat sat down", "on sat cat"), 1, 0),
    ],
)
def test_squad_scores_fixed_cases(given, accepted, f1, exact):
    labels = pd.Series([accepted]).to_numpy()
    found = squad.metrics(np.array([given], dtype=object), labels)
    assert found == {"f1": pytest.approx(f1), "exact_match": exact}


def published_scores(predictions, labels):
    """EM and F1 of every answer by the rule of evaluate-v1.1.py, step by step, each 0 to 100."""
    punctuation = set(string.punctuation)

    def normalize(text):
        text = text.lower()
        text = "".join(character for character in text if character not in punctuation)
        text = re.sub(r"\b(a|an|the)\b", " ", text)
        return " ".join(text.split())

    def f1(prediction, truth):
        predicted, right = normalize(prediction).split(), normalize(truth).split()
        same = sum((Counter(predicted) & Counter(right)).values())
        if same == 0:
            return 0
        precision, recall = same / len(predicted), same / len(right)
        return 2 * precision * recall / (precision + recall)

    pairs = list(zip(predictions, labels, strict=True))
    return (
        [100 * max(normalize(given) == normalize(truth) for truth in accepted) for given, accepted in pairs],
        [100 * max(f1(given, truth) for truth in accepted) for given, accepted in pairs],
    )


def distorted(draw, paragraph, answer):
    """An answer as a model may give it: right, wrong, cut, shuffled, in other letters, with marks, or none."""
    words = answer.split()
    begin = draw.randrange(len(paragraph))
    article = draw.choice(["the", "An", "a", "the-", "a.", "\u201cthe\u201d", "\u2013a\u2013"])
    mark = draw.choice(string.punctuation + "\u2019\u2014\u00a0\u2003\u0301\u0130\u00df")
    return draw.choice(
        [
            answer,
            "",
            paragraph[begin : begin + draw.randrange(40)],
            answer[draw.randrange(len(answer)) :],
            answer[: draw.randrange(len(answer) + 1)],
            " ".join(draw.sample(words, len(words))),
            answer.swapcase(),
            f"{article} {answer}",
            f"{answer}{mark}",
            draw.choice(string.punctuation).join(words),
            draw.choice(["\u00a0", "\u2009", "\n\t", "\u200b"]).join([*words, "the", "a"]),
            f"{answer} {answer}",
        ]
    )


def test_squad_scores_are_those_of_the_published_script(reference, tmp_path):
    for split in ("dev", "train"):
        (tmp_path / f"{split}-v1.1.json").symlink_to(reference("squad/dev-v1.1.json").resolve())
    table = squad.read(tmp_path)["dev"]
    draw = random.Random(11)
    given = np.array(
        [distorted(draw, row.second, draw.choice(row.answers)) for row in table.itertuples()], dtype=object
    )
    labels = table["answers"].to_numpy()
    exact, f1 = published_scores(given, labels)
    assert len(given) == 10570
    assert 0.2 < np.mean(exact) / 100 < np.mean(f1) / 100 < 0.9
    found = squad.metrics(given, labels)
    assert 100 * found["exact_match"] == pytest.approx(np.mean(exact), abs=1e-9)
    assert 100 * found["f1"] == pytest.approx(np.mean(f1), abs=1e-9)
    for i in range(len(given)):
        alone = squad.metrics(given[i : i + 1], labels[i : i + 1])
        assert 100 * alone["exact_match"] == exact[i]
        assert 100 * alone["f1"] == pytest.approx(f1[i], abs=1e-9)


def test_squad_scores_are_means():
    labels = pd.Series([("cat",), ("dog",)]).to_numpy()
    found = squad.metrics(np.array(["cat", "black dog"], dtype=object), labels)
    assert found == {"f1": pytest.approx((1 + 2 / 3) / 2), "exact_match": 0.5}


def test_sentences_alone_and_in_pairs(tmp_path):
    written(tmp_path, "train.tsv", ["sentence", "label"], [["good ", "1"]])
    written(tmp_path, "dev.tsv", ["sentence", "label"], [["bad ", "0"]])
    assert sst2.read(tmp_path)["train"].to_dict("list") == {"first": ["good "], "label": [1]}
    for task, columns, label in (
        (rte, ["sentence1", "sentence2"], "not_entailment"),
        (qnli, ["question", "sentence"], "not_entailment"),
        (wnli, ["sentence1", "sentence2"], "1"),
    ):
        for split in ("train", "dev"):
            written(tmp_path, f"{split}.tsv", ["index", *columns, "label"], [["0", "A", "B", label]])
        assert task.read(tmp_path)["dev"].to_dict("list") == {"first": ["A"], "second": ["B"], "label": [1]}


@pytest.mark.parametrize(
    ("task", "predictions", "labels", "told"),
    [
        (cola, [1, 1, 0, 0], [1, 0, 0, 0], {"matthews": 2 / np.sqrt(12), "accuracy": 0.75}),
        (mrpc, [1, 1, 0, 0], [1, 0, 0, 0], {"accuracy": 0.75, "f1": 2 / 3}),
        (qqp, [1, 1, 0, 0], [1, 0, 0, 0], {"accuracy": 0.75, "f1": 2 / 3}),
        (mnli, [2, 1, 0, 0], [2, 1, 1, 0], {"accuracy": 0.75}),
        (stsb, [1, 2, 3], [1, 4, 9], {"pearson": 0.98974332, "spearman": 1.0, "pearson_spearman": 0.99487166}),
    ],
)
def test_metrics_of_a_few_answers(task, predictions, labels, told):
    assert task.metrics(np.array(predictions), np.array(labels)) == {
        name: pytest.approx(value) for name, value in told.items()
    }
