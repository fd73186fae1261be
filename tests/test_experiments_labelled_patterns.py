"""Maps that a reader has labelled, made again from their sheet."""

import pandas as pd
import pytest
import torch
from transformers import BertModel

from lottery import store
from lottery.attention import maps as attention_maps
from lottery.attention.patterns import PATTERNS
from lottery.data import examples
from lottery.experiments.labelled_patterns import COLUMNS, LabelledPatterns
from lottery.experiments.pattern_training import PatternTraining
from lottery.experiments.starts import Given

FEATURES = PatternTraining(classifier="features", drawn=40, seed=3)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory, bert_folder, tokenizer, cola_folder):
    """The toy model with attention that is not even, and its task."""
    folder = tmp_path_factory.mktemp("uneven")
    model = BertModel.from_pretrained(bert_folder)
    with torch.no_grad():
        for layer in model.encoder.layer:
            for matrix in (layer.attention.self.query, layer.attention.self.key):
                matrix.weight.mul_(4)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Given(model=str(folder), data=str(cola_folder))


def maps_of(start, tokenizer, kind="raw", **ways):
    """{row of dev: (2, 4, n, n)} of all sentences of 8 tokens or more, each alone."""
    model, found = BertModel.from_pretrained(start.model).eval(), {}
    for row, text in enumerate(start.tables("cola")["dev"]["first"]):
        given = examples.encode(pd.DataFrame({"first": [text], "label": [0]}), tokenizer, 16)
        if given.lengths[0] >= 8:
            ((_, found[row]),) = attention_maps.MAPS[kind](model, given, **ways)
    return found


@pytest.fixture
def sheet(tmp_path, uneven, tokenizer):
    """Four labelled maps of the toy model and one of another, and the first four themselves."""
    rows, maps = [], []
    raw, normed = (maps_of(uneven, tokenizer, kind) for kind in ("raw", "normed"))
    some = list(raw)[:2]
    for row, kind, layer, head in ((some[0], "raw", 1, 2), (some[1], "normed", 0, 3), (some[1], "raw", 1, 0),
                                   (some[1], "raw", 0, 1)):  # fmt: skip
        made = (raw if kind == "raw" else normed)[row]
        maps.append(made[layer, head].numpy())
        rows.append(("toy", "cola", row, layer, head, kind, made.shape[-1], "vertical", "block"))
    rows.insert(1, ("other", "cola", 0, 0, 0, "raw", 9, "diagonal", "diagonal"))
    path = tmp_path / "sheet.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
    return path, maps


def judged(uneven, path, **change):
    told = {"of": FEATURES, "start": uneven, "model": "toy", "task": "cola", "max_length": 16}
    return LabelledPatterns(labels=str(path), **(told | change))


def test_labelled_maps_are_made_again_in_the_sheets_order(uneven, sheet, tmp_path):
    path, maps = sheet
    run = store.perform(judged(uneven, path), tmp_path / "results")
    likely = FEATURES.classify(run)(maps)
    found = run.metrics
    assert found["answers"] == [PATTERNS[place] for place in likely.argmax(1)]
    assert found["confidences"] == pytest.approx(likely.max(1), abs=1e-5)
    assert found["kinds"] == ["raw", "normed", "raw", "raw"]
    assert (found["in_layers"], found["in_heads"]) == ([1, 0, 1, 0], [2, 3, 0, 1])
    assert (found["first_labels"], found["second_labels"]) == (["vertical"] * 4, ["block"] * 4)
    assert len(set(found["confidences"])) == 4


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"tokens": 99}, "tokens where the labelled map had 99: the model or its data is another"),
        ({"row": 21}, "row 21 of cola, whose dev set has 21"),
        ({"kind": "norm"}, "no kind of map is called 'norm'"),
        ({"second": "striped"}, "no pattern is called 'striped'"),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused(uneven, sheet, tmp_path, change, error):
    path, _ = sheet
    pd.read_csv(path).assign(**change).to_csv(path, index=False)
    with pytest.raises(ValueError, match=error):
        store.perform(judged(uneven, path), tmp_path / "results")


def test_a_sheet_without_its_columns_or_the_model_is_refused(uneven, sheet, tmp_path):
    path, _ = sheet
    with pytest.raises(ValueError, match="no map of 'mine' on 'cola', but of other on cola, toy on cola"):
        store.perform(judged(uneven, path, model="mine"), tmp_path / "results")
    pd.read_csv(path).drop(columns="head").to_csv(path, index=False)
    with pytest.raises(ValueError, match="has no column 'head'"):
        store.perform(judged(uneven, path), tmp_path / "results")
    with pytest.raises(FileNotFoundError, match="give the sheet of labels"):
        store.perform(judged(uneven, tmp_path / "gone.csv"), tmp_path / "results")
