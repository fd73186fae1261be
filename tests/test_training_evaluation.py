import numpy as np
import pandas as pd
import pytest
import torch

from lottery.choices import choose
from lottery.data import own_file
from lottery.models import opening
from lottery.training import evaluation
from lottery.training.evaluation import Exam


@pytest.fixture
def cola(cola_folder):
    return choose("tasks", "cola").read(cola_folder)


def test_a_head_fits_the_task(bert_folder):
    for name, labels in (("cola", 2), ("mnli", 3), ("stsb", 1)):
        assert evaluation.with_head(bert_folder, choose("tasks", name)).classifier.out_features == labels
    assert evaluation.with_head(bert_folder, choose("tasks", "squad")).qa_outputs.out_features == 2


def test_scores_are_those_of_one_answer_after_another(bert_folder, tokenizer, cola):
    task = choose("tasks", "cola")
    torch.manual_seed(3)
    model = evaluation.with_head(bert_folder, task).eval()
    with torch.no_grad():
        logits = [model(**tokenizer(text, return_tensors="pt")).logits[0] for text in cola["dev"]["first"]]
        told = sorted((row[1] - row[0]).item() for row in logits)
        model.classifier.bias[1] -= (told[9] + told[10]) / 2  # so that both classes are answered, and none by a hair
        given = [model(**tokenizer(text, return_tensors="pt")).logits.argmax().item() for text in cola["dev"]["first"]]
    right = cola["dev"]["label"].tolist()
    assert len(set(given)) == 2
    found, answers = Exam(task, cola, tokenizer, 40).score(model)
    assert found["score"] == found["matthews"] == pytest.approx(np.corrcoef(given, right)[0, 1])
    assert found["accuracy"] == pytest.approx(np.mean([a == b for a, b in zip(given, right, strict=True)]))
    assert found["constant"] is False
    assert answers.to_dict("list") == {
        "split": ["dev"] * 21,
        "answer": [str(a) for a in given],
        "label": [str(b) for b in right],
    }


def test_a_model_that_has_one_answer_is_told(bert_folder, tokenizer, cola):
    task = choose("tasks", "cola")
    model = evaluation.with_head(bert_folder, task)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 1.0]))
    found, answers = Exam(task, cola, tokenizer, 40).score(model)
    assert found["constant"] is True
    assert set(answers["answer"]) == {"1"}
    assert found["score"] == 0


def test_other_splits_are_told_apart(bert_folder, tokenizer):
    task = choose("tasks", "mnli")
    texts = [f"w{i} w{i + 1}" for i in range(9)]
    table = pd.DataFrame({"first": texts, "second": texts[::-1], "label": [i % 3 for i in range(9)]})
    torch.manual_seed(0)
    model = evaluation.with_head(bert_folder, task)
    tables = {"train": table, "dev": table, "dev_mismatched": table.iloc[::-1].reset_index(drop=True)}
    found, answers = Exam(task, tables, tokenizer, 40).score(model)
    assert found.keys() == {"score", "constant", "accuracy", "dev_mismatched.accuracy"}
    assert found["accuracy"] == found["dev_mismatched.accuracy"]
    assert answers["split"].tolist() == ["dev"] * 9 + ["dev_mismatched"] * 9
    assert answers["answer"].tolist()[9:] == answers["answer"].tolist()[:9][::-1]


def test_the_rows_of_a_group_are_scored_by_themselves(bert_folder, tokenizer):
    task = choose("tasks", "hans")
    texts = [f"w{i} w{i + 1}" for i in range(12)]
    table = pd.DataFrame(
        {"first": texts, "second": texts[::-1], "label": [i % 2 for i in range(12)], "group": list("ababbbaaabab")}
    )
    torch.manual_seed(2)
    model = evaluation.with_head(bert_folder, choose("tasks", "mnli"))
    found, answers = Exam(task, {"dev": table}, tokenizer, 40).score(model)
    given = answers["answer"].astype(int).to_numpy()
    assert set(given) > {0}
    for group in "ab":
        here = (table["group"] == group).to_numpy()
        right = (given[here] > 0) == (table["label"].to_numpy()[here] == 1)
        assert found[f"{group}.accuracy"] == pytest.approx(right.mean())
    assert found["score"] == found["accuracy"] == pytest.approx(((given > 0) == (table["label"] == 1)).mean())


def test_a_regression_answers_numbers(bert_folder, tokenizer):
    task = choose("tasks", "stsb")
    table = pd.DataFrame({"first": ["w1", "w2 w3", "w4"], "second": ["w5", "w6", "w7 w8"], "label": [0.0, 2.5, 5.0]})
    torch.manual_seed(0)
    model = evaluation.with_head(bert_folder, task).eval()
    found, answers = Exam(task, {"train": table, "dev": table}, tokenizer, 40).score(model)
    with torch.no_grad():
        told = [
            model(**tokenizer(row.first, row.second, return_tensors="pt")).logits.item() for row in table.itertuples()
        ]
    np.testing.assert_allclose(answers["answer"].astype(float), told, atol=1e-6)
    assert found["pearson"] == pytest.approx(np.corrcoef(told, table["label"])[0, 1], abs=1e-5)


def test_a_span_task_answers_texts(bert_folder, tokenizer):
    task = choose("tasks", "squad")
    table = pd.DataFrame(
        {
            "first": ["w1 ?", "w2 w3 ?"],
            "second": ["w4 w5 w6", "w7 w8."],
            "answer": ["w5", "w7"],
            "start": [3, 0],
            "answers": [("w5", "w5 w6"), ("w7",)],
        }
    )
    torch.manual_seed(0)
    model = evaluation.with_head(bert_folder, task)
    found, answers = Exam(task, {"train": table, "dev": table}, tokenizer, 40).score(model)
    assert all(answer in text for answer, text in zip(answers["answer"], table["second"], strict=True))
    right = [answer in accepted for answer, accepted in zip(answers["answer"], table["answers"], strict=True)]
    assert found["exact_match"] == np.mean(right)
    assert found["score"] == found["f1"] >= found["exact_match"]


def test_a_long_paragraph_is_answered_once_from_all_its_windows(bert_folder, tokenizer):
    """Against the model on one window after another, words being tokens."""
    task = choose("tasks", "squad")
    draw = np.random.default_rng(3)
    told = [[f"w{number}" for number in draw.integers(50, size=size)] for size in (40, 3, 25, 60)]
    table = pd.DataFrame(
        {
            "first": ["w1 w2"] * 4,
            "second": [" ".join(words) for words in told],
            "answer": [words[-1] for words in told],
            "start": [len(" ".join([*words[:-1], ""])) for words in told],
            "answers": [(words[-1],) for words in told],
        }
    )
    torch.manual_seed(1)
    model = evaluation.with_head(bert_folder, task).eval()
    best = []
    for words in told:
        # 13 of the 18 tokens are left by the question and three special ones; a third of 18 is the step.
        begins = range(0, max(len(words) - 13, 0) + 6, 6)
        windows = [(begin, min(begin + 13, len(words))) for begin in begins]
        fullest = [
            max(
                (window for window in windows if window[0] <= place < window[1]),
                key=lambda window, at=place: min(at - window[0], window[1] - 1 - at) + 0.01 * (window[1] - window[0]),
            )
            for place in range(len(words))
        ]
        found = []
        for low, high in windows:
            with torch.no_grad():
                output = model(**tokenizer("w1 w2", " ".join(words[low:high]), return_tensors="pt"))
            start, end = (logits[0, 4:-1].tolist() for logits in (output.start_logits, output.end_logits))
            found += [
                (start[first - low] + end[last - low], words[first : last + 1])
                for first in range(low, high)
                for last in range(first, high)
                if fullest[first] == (low, high)
            ]
        best.append(" ".join(max(found, key=lambda each: each[0])[1]))
    given = Exam(task, {"dev": table}, tokenizer, 18).answering(table)(model)
    assert given.tolist() == best
    _, answers = Exam(task, {"train": table, "dev": table}, tokenizer, 18).score(model)
    assert answers["answer"].tolist() == best


def test_majority_is_the_best_constant_answer(cola, tokenizer):
    task = choose("tasks", "cola")
    found = Exam(task, cola, tokenizer, 40).majority()
    label = cola["dev"]["label"]
    assert found == {"matthews": 0.0, "accuracy": max((label == 0).mean(), (label == 1).mean())}
    stsb = pd.DataFrame({"label": [0.0, 2.0, 4.0]})
    assert np.isnan(Exam(choose("tasks", "stsb"), {"train": stsb, "dev": stsb}, tokenizer, 40).majority()["pearson"])
    spans = pd.DataFrame({"second": ["w1 w2", "w3 w4"], "answers": [("w1",), ("w4",)]})
    assert (
        Exam(choose("tasks", "squad"), {"train": spans, "dev": spans}, tokenizer, 40).majority()["exact_match"] == 0.5
    )


def test_a_model_saved_with_its_head_keeps_it(bert_folder, tokenizer, cola, tmp_path):
    task = choose("tasks", "cola")
    model = evaluation.with_head(bert_folder, task)
    opening.save(model, tokenizer, tmp_path)
    again = evaluation.with_head(str(tmp_path), task)
    assert torch.equal(again.classifier.weight, model.classifier.weight)


def test_tags_are_those_of_each_sentence_alone(names_folder, tokenizer):
    """Each word's by its own token, as one word is one here, and O where it is cut off."""
    task, tables = own_file.read(names_folder / "names.conll", None, {}, "tags", dev_share=0.2)
    torch.manual_seed(1)
    model = evaluation.with_head(str(names_folder / "model"), task).eval()
    assert model.config.id2label == dict(enumerate(task.LABELS))
    exam = Exam(task, tables, tokenizer, 7)
    dev = tables["dev"]
    given = []
    with torch.no_grad():
        for text in dev["first"]:
            ids = tokenizer(text, truncation=True, max_length=7, return_tensors="pt")
            told = [task.LABELS[number] for number in model(**ids).logits[0].argmax(-1)][1:-1]
            given.append(" ".join(told + ["O"] * (len(text.split()) - len(told))))
    found, answers = exam.score(model)
    assert answers["answer"].tolist() == given
    assert answers["label"].tolist() == dev["label"].tolist()
    assert found["score"] == found["entity_f1"] == exam.scoring(dev)(model)
    assert found["constant"] is False
    assert exam.majority()["entity_f1"] == 0
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([1.0, 0, 0, 0, 0]))
    assert exam.score(model)[0]["constant"] is True
