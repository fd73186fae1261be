"""Maps that a reader has labelled, made again from their sheet."""

import pandas as pd
import pytest
from toy_studies import maps_of

from lottery import store
from lottery.attention.patterns import PATTERNS
from lottery.experiments.labelled_patterns import COLUMNS, LabelledPatterns
from lottery.experiments.pattern_training import PatternTraining

FEATURES = PatternTraining(classifier="features", drawn=40, seed=3)


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
