"""The search on a fine-tuned model, end to end: its looks judged by a model whose weights are set to 0 by hand."""

from dataclasses import replace

import pytest
import torch
from sklearn.metrics import matthews_corrcoef
from transformers import BertForSequenceClassification, BertTokenizer

from lottery import store
from lottery.experiments.component_search import LOOKS, MASK, ComponentSearch
from lottery.masks import files as mask_files


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def search(of, **change):
    return ComponentSearch(of=of, **({"importance": "sample", "mode": "both", "heads_share": 0.25} | change))


def without(model_folder, heads, mlps):
    """The model, the outputs of whose other heads and MLPs are multiplied by weights of 0."""
    model = BertForSequenceClassification.from_pretrained(model_folder).eval()
    with torch.no_grad():
        for layer, block in enumerate(model.bert.encoder.layer):
            for head in range(4):
                if not heads[layer][head]:
                    block.attention.output.dense.weight[:, 4 * head : 4 * head + 4] = 0
            if not mlps[layer]:
                block.output.dense.weight[:] = 0
                block.output.dense.bias[:] = 0
    return model


@torch.no_grad()
def mcc(model, model_folder, table):
    tokenizer = BertTokenizer.from_pretrained(model_folder)
    found = [
        model(**tokenizer(text, truncation=True, max_length=16, return_tensors="pt")).logits.argmax().item()
        for text in table["first"]
    ]
    return matthews_corrcoef(table["label"], found)


def test_every_look_has_the_score_of_the_mask_applied_by_hand(tuned, results):
    run = store.perform(search(tuned), results)
    found, model_folder = run.metrics, tuned.weights(run)
    looks, dev = run.read(LOOKS), tuned.tables("cola")["dev"]
    assert found["dense_score"] > 0.5
    assert found["degenerate"] == ""
    assert found["looks"] == len(found["scores"]) > 3
    for look in range(found["looks"]):
        heads, mlps = looks["kept.heads"][look], looks["kept.mlps"][look]
        assert found["scores"][look] == pytest.approx(mcc(without(model_folder, heads, mlps), model_folder, dev))
        assert found["heads_left"][look] == sum(heads.flatten().tolist())
        assert found["mlps_left"][look] == sum(mlps.tolist())
        assert found["accepted"][look] == int(found["scores"][look] >= 0.9 * found["scores"][0])
    assert 0 in found["accepted"]
    last = max(look for look, accepted in enumerate(found["accepted"]) if accepted)
    kept = mask_files.load(run.path / MASK)[0]
    assert found["kept_heads"] == [int(kept) for kept in looks["kept.heads"][last].flatten()]
    assert found["kept_heads"] == [int(kept["heads"][layer, head]) for layer in range(2) for head in range(4)]
    assert found["kept_mlps"] == kept["mlps"].int().tolist() == looks["kept.mlps"][last].int().tolist()
    assert (found["heads"], found["mlps"]) == (sum(found["kept_heads"]), sum(found["kept_mlps"]))
    assert found["dev_score"] == found["score"] == found["scores"][last]
    assert found["dense_dev_score"] == found["dense_score"] == found["scores"][0]
    weights = found["heads"] * 4 * 4 * 16 + found["mlps"] * 2 * 16 * 24
    assert found["share_kept"] == pytest.approx(weights / (8 * 4 * 4 * 16 + 2 * 2 * 16 * 24))


@pytest.mark.parametrize(("mode", "column", "all_of_it"), [("heads", "mlps_left", 2), ("mlps", "heads_left", 8)])
def test_of_one_kind_alone_the_other_is_never_touched(tuned, results, mode, column, all_of_it):
    found = store.perform(search(tuned, mode=mode), results).metrics
    assert set(found[column]) == {all_of_it}
    assert len(set(found["heads_left" if mode == "heads" else "mlps_left"])) > 1
    assert set(found["phases"]) == {"whole", "heads" if mode == "heads" else "MLPs"}


def test_it_looks_where_it_is_told_to(tuned, results):
    """Of 37 examples 16 are trained on; the others are as many as dev has."""
    part = replace(tuned, train_examples=16)
    seen, whole = part.tables("cola")["train"], tuned.tables("cola")["train"]
    unseen = whole[~whole["first"].isin(seen["first"])]
    assert (len(seen), len(unseen)) == (16, 21)
    dev = part.tables("cola")["dev"]
    for where, table in (("train", seen), ("unseen", unseen)):
        run = store.perform(search(part, where=where), results)
        found, model_folder = run.metrics, part.weights(run)
        heads, mlps = torch.tensor(found["kept_heads"]).view(2, 4), found["kept_mlps"]
        dense, left = without(model_folder, torch.ones(2, 4), [1, 1]), without(model_folder, heads, mlps)
        assert found["dense_score"] == pytest.approx(mcc(dense, model_folder, table))
        assert found["score"] == pytest.approx(mcc(left, model_folder, table))
        assert found["dense_dev_score"] == pytest.approx(mcc(dense, model_folder, dev))
        assert found["dev_score"] == pytest.approx(mcc(left, model_folder, dev))
    with pytest.raises(ValueError, match="give its fine-tuning fewer train_examples"):
        store.perform(search(tuned, where="unseen"), results)


def test_the_released_recipe_refuses_a_score_that_is_no_mean_of_gradients(tuned, results):
    for importance in ("magnitude", "token_sum_running"):
        with pytest.raises(ValueError, match=rf"importance = '{importance}' .*'batch', 'running' or 'sample'"):
            store.perform(search(tuned, importance=importance, recipe="released"), results)
    assert store.perform(search(tuned, importance="running", recipe="released"), results).metrics["looks"] > 1


def test_a_score_of_heads_alone_cannot_rank_mlps(tuned, results):
    for mode in ("both", "mlps"):
        with pytest.raises(ValueError, match="give the mode 'heads'"):
            store.perform(search(tuned, importance="attention_entropy", mode=mode), results)
    found = store.perform(search(tuned, importance="attention_entropy", mode="heads"), results).metrics
    assert found["looks"] > 1


def test_a_model_that_is_always_wrong_is_told_to_be_degenerate(tuned, known_folder, tmp_path):
    """The dev set is train with every label turned round: Matthews' correlation is below 0."""
    place = tmp_path / "CoLA"
    place.mkdir()
    rows = [line.split("\t") for line in (known_folder / "dev.tsv").read_text("utf-8").splitlines()]
    (place / "dev.tsv").write_text("".join("\t".join([r[0], str(1 - int(r[1])), *r[2:]]) + "\n" for r in rows), "utf-8")
    (place / "train.tsv").write_text((known_folder / "train.tsv").read_text("utf-8"), "utf-8")
    wrong = replace(tuned, start=replace(tuned.start, data=str(place)))
    found = store.perform(search(wrong), tmp_path).metrics
    assert found["dense_score"] < 0
    assert "not above 0" in found["degenerate"]
    assert (found["looks"], found["heads"], found["mlps"]) == (1, 8, 2)


def test_the_same_search_twice_is_the_same_to_the_bit(tuned, results, tmp_path):
    first = store.perform(search(tuned, importance="random", seed=3), results)
    torch.manual_seed(99)
    second = store.perform(search(tuned, importance="random", seed=3), tmp_path)
    assert first.metrics == second.metrics
    assert (first.path / LOOKS).read_bytes() == (second.path / LOOKS).read_bytes()
    other = store.perform(search(tuned, importance="random", seed=4), results)
    assert (first.path / LOOKS).read_bytes() != (other.path / LOOKS).read_bytes()


def test_neurons_are_searched_for_and_kept_in_the_mask(tuned, results):
    run = store.perform(search(tuned, mode="heads and neurons", neurons_share=0.25), results)
    found, kept = run.metrics, search(tuned, mode="heads and neurons", neurons_share=0.25).mask(run)
    assert (found["neurons"], found["all_neurons"]) == (int(kept["neurons"].sum()), 48)
    assert kept["mlps"].all()
    assert set(found["neurons_left"]) <= {48, 36, 24, 12, 0}
    assert found["neurons_left"][-1] < 48
    model_folder, dev = tuned.weights(run), tuned.tables("cola")["dev"]
    model = without(model_folder, kept["heads"], kept["mlps"])
    with torch.no_grad():
        for block, neurons in zip(model.bert.encoder.layer, kept["neurons"], strict=True):
            block.output.dense.weight[:, ~neurons] = 0
    assert found["score"] == pytest.approx(mcc(model, model_folder, dev))
    plain = store.perform(search(tuned), results).metrics
    assert not any("neurons" in name for name in plain)


def test_of_a_small_model_as_few_heads_go_at_once_as_the_mode_takes(tuned):
    """A tenth of eight heads would be none, which no search takes."""
    for mode, least in (("both", 2), ("heads", 1), ("mlps", 0)):
        asked = search(tuned, mode=mode, heads_share=0.1)
        assert [asked.heads_at_once(heads) for heads in (8, 144)] == [least, 14]
