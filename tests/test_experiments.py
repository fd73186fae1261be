"""FineTuning, OneShot, GradualPruning and Miniature on a tiny random BERT or a shrunken language; what starts them."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForPreTraining, BertForSequenceClassification, RobertaForMaskedLM

from lottery import masks, miniature, store
from lottery.choices import choose
from lottery.data.examples import seeded
from lottery.experiments import starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature
from lottery.experiments.one_shot import OneShot
from lottery.experiments.starts import Given
from lottery.experiments.task_model import TaskModel
from lottery.masks import files as mask_files
from lottery.miniature.language import Language
from lottery.models import families, opening
from lottery.store import Run
from lottery.training import evaluation, pretraining
from lottery.training.evaluation import Exam


def one_shot(dense, **change):
    told = {
        "importance": "magnitude",
        "scope": "local",
        "embeddings": True,
        "sparsity": 0.3,
        "retrain_epochs": 0.0,
        "seed": 1,
    }
    return OneShot(dense=dense, **(told | change))


def encoder(folder):
    return families.prunable(opening.for_classes(str(folder), ("no", "yes")), embeddings=True)


def without_times(run):
    return {name: value for name, value in run.metrics.items() if name != "seconds"}


def test_fine_tuning_ends_with_the_scores_of_the_model_it_saves(fine_tuning, tmp_path, tokenizer):
    run = store.perform(fine_tuning, tmp_path)
    assert run.finished
    assert run.metrics["steps"] == 10  # 37 examples by 8: 5 batches, twice
    task = choose("tasks", "cola")
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    dev = fine_tuning.start.tables("cola")["dev"]
    with torch.no_grad():
        given = [model(**tokenizer(text, return_tensors="pt")).logits.argmax().item() for text in dev["first"]]
    answers = pd.read_parquet(run.path / "answers.parquet")
    assert answers["answer"].tolist() == [str(answer) for answer in given]
    told = task.metrics(np.array(given), dev["label"].to_numpy())
    assert {name: run.metrics[name] for name in told} == pytest.approx(told)
    assert run.metrics["score"] == run.metrics["matthews"]
    train = fine_tuning.start.tables("cola")["train"]
    with torch.no_grad():
        losses = [
            model(**tokenizer(row.first, return_tensors="pt"), labels=torch.tensor([row.label])).loss.item()
            for row in train.itertuples()
        ]
    assert run.metrics["train_loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert not (run.path / "checkpoint.pt").exists()
    assert opening.tokenizer(str(run.path / "model")).get_vocab() == tokenizer.get_vocab()


def test_fine_tuning_repeats_itself_and_depends_on_its_seed(fine_tuning, tmp_path, bert_folder, cola_folder):
    first = store.perform(fine_tuning, tmp_path / "a")
    torch.rand(5)
    second = store.perform(fine_tuning, tmp_path / "b")
    assert first.metrics == second.metrics
    one, other = encoder(first.path / "model"), encoder(second.path / "model")
    assert all(torch.equal(one[name], other[name]) for name in one)
    third = store.perform(replace(fine_tuning, seed=4, saved=False), tmp_path / "a")
    assert third.metrics["train_loss"] != first.metrics["train_loss"]
    assert not (third.path / "model").exists()


def test_the_new_head_is_drawn_from_the_seed(fine_tuning, tmp_path, monkeypatch):
    heads, with_head = [], evaluation.with_head

    def noted(*given, **how):
        model = with_head(*given, **how)
        heads.append(model.classifier.weight.tolist())
        return model

    monkeypatch.setattr(evaluation, "with_head", noted)
    for seed, place in ((3, "a"), (4, "a"), (3, "b")):
        torch.rand(seed)
        store.perform(replace(fine_tuning, seed=seed, epochs=0.1, saved=False), tmp_path / place)
    assert heads[0] == heads[2] != heads[1]


def test_of_a_training_set_as_many_rows_are_drawn_as_asked_and_the_same_for_every_start(
    fine_tuning, tmp_path, tokenizer
):
    whole = fine_tuning.tables("cola")
    few = replace(fine_tuning, train_examples=10)
    drawn = few.tables("cola")["train"]
    assert len(drawn) == 10
    assert few.tables("cola")["dev"].equals(whole["dev"])
    places = [whole["train"]["first"].tolist().index(text) for text in drawn["first"]]
    assert len(set(places)) == 10
    assert places != sorted(places)
    assert drawn["label"].tolist() == whole["train"]["label"].iloc[places].tolist()
    more = replace(few, train_examples=20).tables("cola")["train"]
    assert more["first"].tolist()[:10] == drawn["first"].tolist()
    another = replace(few, train_examples=20, seed=4).tables("cola")["train"]
    assert another["first"].tolist() != more["first"].tolist()
    again = replace(few, start=few, learning_rate=1e-4, epochs=1.0)
    assert sorted(again.tables("cola")["train"]["first"]) == sorted(drawn["first"])
    with pytest.raises(ValueError, match="train_examples = 38: the task has 37; give at most so many"):
        replace(few, train_examples=38).tables("cola")

    run = store.perform(few, tmp_path)
    assert run.metrics["steps"] == 4  # 10 examples by 8: 2 batches, twice
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    with torch.no_grad():
        losses = [
            model(**tokenizer(row.first, return_tensors="pt"), labels=torch.tensor([row.label])).loss.item()
            for row in drawn.itertuples()
        ]
    assert run.metrics["train_loss"] == pytest.approx(np.mean(losses), abs=1e-5)


class Stop(Exception):
    pass


def test_an_interrupted_fine_tuning_goes_on_from_its_checkpoint(fine_tuning, tmp_path, monkeypatch):
    undisturbed = store.perform(fine_tuning, tmp_path / "a")
    monkeypatch.setattr(Run, "checkpoint", lambda run: store.Checkpoint(run.path / store.CHECKPOINT, 0))
    save, saved = store.Checkpoint.save_if_due, []

    def save_and_stop(self, state):
        save(self, state)
        saved.append(len(state()["losses"]))
        if saved[-1] == 6 and saved.count(6) == 1:
            raise Stop

    monkeypatch.setattr(store.Checkpoint, "save_if_due", save_and_stop)
    with pytest.raises(Stop):
        store.perform(fine_tuning, tmp_path / "b")
    resumed = store.perform(fine_tuning, tmp_path / "b")
    assert saved == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert resumed.metrics == undisturbed.metrics
    whole = (undisturbed.path / "model" / "model.safetensors").read_bytes()
    assert (resumed.path / "model" / "model.safetensors").read_bytes() == whole


@pytest.mark.parametrize("scope", ["local", "global"])
@pytest.mark.parametrize("embeddings", [True, False])
def test_one_shot_removes_the_smallest_and_exactly_as_many_as_asked(fine_tuning, tmp_path, scope, embeddings):
    seen = []
    pruned = one_shot(fine_tuning, scope=scope, embeddings=embeddings)
    with pytest.MonkeyPatch.context() as patch:
        score = Exam.score
        patch.setattr(Exam, "score", lambda exam, model: seen.append(model) or score(exam, model))
        run = store.perform(pruned, tmp_path)
    dense = {name: weight.detach() for name, weight in encoder(Run(fine_tuning, tmp_path).path / "model").items()}
    if not embeddings:
        del dense["embeddings.word_embeddings.weight"]
    sizes = {name: weight.numel() for name, weight in dense.items()}
    mask, header = mask_files.load(run.path / "mask.safetensors")
    assert mask.keys() == dense.keys()
    total = round(0.3 * sum(sizes.values())) if scope == "global" else sum(round(0.3 * n) for n in sizes.values())
    assert run.metrics["removed"] == masks.removed(mask) == total
    assert run.metrics["weights"] == sum(sizes.values())
    assert (header["sparsity_asked"], header["seed"], header["method"]) == ("0.3", "1", f"magnitude, {scope}")
    assert header["model"] == store.key(fine_tuning)
    groups = [list(dense)] if scope == "global" else [[name] for name in dense]
    for names in groups:
        gone = torch.cat([dense[name][~mask[name]].abs() for name in names])
        kept = torch.cat([dense[name][mask[name]].abs() for name in names])
        assert gone.max() <= kept.min()
    scored = families.prunable(seen[-1], embeddings=embeddings)
    for name, kept in mask.items():
        assert torch.equal(scored[name], dense[name] * kept)


def test_nothing_removed_is_the_dense_model(fine_tuning, tmp_path):
    run = store.perform(one_shot(fine_tuning, sparsity=0.0), tmp_path)
    dense = Run(fine_tuning, tmp_path)
    assert run.metrics["removed"] == 0
    for name in ("score", "accuracy", "majority", "constant"):
        assert run.metrics[name] == dense.metrics[name]


def test_random_choices_follow_the_seed_and_are_nested(fine_tuning, tmp_path):
    def mask(**change):
        run = store.perform(one_shot(fine_tuning, importance="random", **change), tmp_path)
        return mask_files.load(run.path / "mask.safetensors")[0]

    low, high, other = mask(sparsity=0.3), mask(sparsity=0.6), mask(sparsity=0.3, seed=2)
    assert all(not (high[name] & ~low[name]).any() for name in low)
    assert masks.share_different(low, other) == pytest.approx(2 * 0.3 * 0.7, abs=0.05)


def test_a_retrained_model_keeps_its_zeros_whether_or_not_the_dense_one_was_there(fine_tuning, tmp_path, monkeypatch):
    """The dense model's own training draws random numbers; what follows must not notice."""
    seen = []
    score = Exam.score
    monkeypatch.setattr(Exam, "score", lambda exam, model: seen.append(model) or score(exam, model))
    pruned = one_shot(fine_tuning, sparsity=0.6, retrain_epochs=1.0)
    found = {}
    for place in ("made with it", "there before"):
        if place == "there before":
            store.perform(fine_tuning, tmp_path / place)
        run = store.perform(pruned, tmp_path / place)
        found[place] = (run.metrics, {n: w.detach().clone() for n, w in seen[-1].named_parameters()})
    weights = families.prunable(seen[-1], embeddings=True)
    dense = encoder(Run(fine_tuning, tmp_path / "there before").path / "model")
    for name, weight in weights.items():
        told = masks.keep_highest({name: dense[name].detach().abs()}, 0.6)[name]
        assert (weight[~told] == 0).all()
        assert (weight[told] != dense[name][told]).float().mean() > 0.9 or name.startswith("embeddings")
    first, second = found.values()
    assert first[0] == second[0]
    assert all(torch.equal(first[1][name], second[1][name]) for name in first[1])


def test_no_path_is_left_in_the_results(fine_tuning, tmp_path, bert_folder, cola_folder):
    run = store.perform(one_shot(fine_tuning), tmp_path / "results")
    for path in (run.path, Run(fine_tuning, tmp_path / "results").path):
        for name in ("parameters.json", "metrics.json", "provenance.json"):
            text = (path / name).read_text()
            assert not any(place in text for place in (str(tmp_path), bert_folder, str(cola_folder)))
    row = store.table(tmp_path / "results", OneShot).iloc[0]
    assert row["dense.start.data"] == "CoLA"
    assert json.loads((run.path / "parameters.json").read_text())["dense"]["start"]["data"].startswith("sha256:")


def test_of_a_retrained_cut_the_mask_and_where_asked_the_model_are_kept(fine_tuning, tmp_path):
    """The model is the one that was scored, its zeros are those of the mask, and the key tells that it is kept."""
    plain = one_shot(fine_tuning, sparsity=0.6, retrain_epochs=1.0)
    kept = replace(plain, saved=True)
    assert store.key(replace(plain, saved=False)) == store.key(plain) != store.key(kept)
    run, other = store.perform(kept, tmp_path), store.perform(plain, tmp_path)
    assert without_times(run) == without_times(other)
    assert not (other.path / "model").exists()
    mask, header = mask_files.load(other.path / "mask.safetensors")
    as_cut, _ = mask_files.load(store.perform(one_shot(fine_tuning, sparsity=0.6), tmp_path).path / "mask.safetensors")
    assert (header["model"], float(header["sparsity_asked"])) == (Run(fine_tuning, tmp_path).path.name, 0.6)
    for name, weight in encoder(run.path / "model").items():
        assert torch.equal(mask[name], as_cut[name])
        assert not weight[~mask[name]].any()
    task = fine_tuning.task_named("cola")
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    tokenizer = opening.tokenizer(str(run.path / "model"))
    found, _ = Exam(task, fine_tuning.tables("cola"), tokenizer, 16).score(model)
    assert found["score"] == run.metrics["score"]


@pytest.mark.parametrize(
    "change",
    [{"sparsity": 1.0}, {"sparsity": -0.1}, {"scope": "somewhere"}, {"seed": -1}, {"retrain_epochs": -1.0}],
)
def test_a_one_shot_out_of_range_is_refused_before_anything_runs(fine_tuning, change):
    with pytest.raises(ValueError, match=f"OneShot: {next(iter(change))}"):
        one_shot(fine_tuning, **change)


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"epochs": 0.0}, {"learning_rate": -1.0}, {"max_length": 0}])
def test_a_fine_tuning_out_of_range_is_refused_before_anything_runs(fine_tuning, change):
    with pytest.raises(ValueError, match=f"FineTuning: {next(iter(change))}"):
        replace(fine_tuning, **change)


# Gradual pruning, on the tiny BERT in the place of the miniature


DOCUMENTS = [[f"w{d} w{(d + s) % 50} w{s}" for s in range(6)] for d in range(30)]


@pytest.fixture
def small_world(monkeypatch, bert_folder, tokenizer):
    """The miniature's parts replaced by the tiny BERT and thirty documents."""

    def text(self, run, tokenizer):
        halves = DOCUMENTS[:20], DOCUMENTS[20:]
        return tuple(pretraining.sentence_pairs(half, tokenizer, 16, seeded(n)) for n, half in enumerate(halves))

    def perform(self, run):
        torch.manual_seed(1234)
        torch.rand(10)
        run.folder("model", lambda folder: shutil.copytree(bert_folder, folder, dirs_exist_ok=True))
        return {}

    monkeypatch.setattr(Miniature, "text", text)
    monkeypatch.setattr(Miniature, "perform", perform)
    return Miniature(seed=5, steps=0)


def gradual(start, **change):
    told = {
        "importance": "magnitude",
        "scope": "local",
        "embeddings": True,
        "sparsity": 0.5,
        "steps": 8,
        "ramp": 5,
        "every": 2,
        "recipe": "printed",
        "learning_rate": 1e-3,
        "batch_size": 4,
        "seed": 2,
    }
    return GradualPruning(start=start, **(told | change))


@pytest.mark.parametrize(
    "change", [{}, {"recipe": "released"}, {"ramp": 8}, {"importance": "random"}, {"scope": "global"}]
)
def test_a_gradually_pruned_model_has_the_zeros_of_its_mask(small_world, tmp_path, change):
    pruned = gradual(small_world, **change)
    run = store.perform(pruned, tmp_path)
    mask, _ = mask_files.load(run.path / "mask.safetensors")
    model = BertForPreTraining.from_pretrained(run.path / "model")
    weights = families.prunable(model, embeddings=True)
    assert mask.keys() == weights.keys()
    for name, kept in mask.items():
        assert (weights[name][~kept] == 0).all()
        assert int((~kept).sum()) == round(0.5 * kept.numel()) or pruned.scope == "global"
    assert run.metrics["removed"] == masks.removed(mask)
    assert abs(run.metrics["removed"] - 0.5 * run.metrics["weights"]) <= len(mask) / 2
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert np.isfinite(run.metrics["loss"])
    assert run.metrics["loss"] == pytest.approx(run.metrics["mlm_loss"] + run.metrics["nsp_loss"])
    # The same whether the model it starts from was there before or not.
    store.perform(small_world, tmp_path / "again")
    again = store.perform(pruned, tmp_path / "again")
    assert again.metrics == run.metrics


def test_a_miniature_roberta_reads_the_same_text_in_its_own_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("lottery.experiments.miniature_text.HELD_OUT_DOCUMENTS", 10)
    monkeypatch.setattr("lottery.experiments.miniature_text.DOCUMENTS", 20)
    bert, roberta = (Miniature(seed=5, steps=2, family=family) for family in ("bert", "roberta"))
    run = store.perform(roberta, tmp_path)
    reader, theirs = (opening.tokenizer(each.weights(run)) for each in (roberta, bert))
    assert reader.model_input_names == ["input_ids", "attention_mask"]
    model = RobertaForMaskedLM.from_pretrained(run.path / "model")
    assert model.config.vocab_size == len(reader) != len(theirs)
    families.check_length(model, 64)
    with pytest.raises(ValueError, match="positions for 64 tokens"):
        families.check_length(model, 65)
    assert run.metrics["loss"] == run.metrics["mlm_loss"] > 0
    assert np.isnan(run.metrics["nsp_loss"])
    # The same matrices in the same shapes, and the same passages.
    mine, other = (
        opening.encoder_weights(each.weights(run), embeddings=False, pooler=False) for each in (roberta, bert)
    )
    assert {name: weight.shape for name, weight in mine.items()} == {
        name: weight.shape for name, weight in other.items()
    }
    documents = miniature.documents(Language(5), 20, 1)
    told = "".join(sentence for document in documents for sentence in document).replace(" ", "")
    pairs, _ = roberta.text(run, reader)
    passages = [part.replace(" ", "") for ids in pairs.sequences["input_ids"] for part in _passages(reader, ids)]
    assert len(passages) == 2 * len(pairs)
    assert all(passage in told for passage in passages)
    assert roberta.tables("sst2")["train"].equals(bert.tables("sst2")["train"])


def _passages(reader, ids):
    return reader.decode(ids).removeprefix("<s>").removesuffix("</s>").split("</s>")


def test_a_miniature_of_less_text_and_another_language_has_them_in_all_it_brings(tmp_path, monkeypatch):
    monkeypatch.setattr("lottery.experiments.miniature_text.HELD_OUT_DOCUMENTS", 10)
    monkeypatch.setattr("lottery.experiments.miniature_text.DOCUMENTS", 40)
    small = Miniature(seed=5, steps=0, documents=20, nouns=98)
    run = store.perform(small, tmp_path)
    language = Language(5, nouns=98)
    reader = opening.tokenizer(small.weights(run))
    assert reader.get_vocab() == miniature.tokenizer(language).get_vocab()
    model = BertForPreTraining.from_pretrained(run.path / "model")
    assert model.config.vocab_size == len(reader)
    assert small.tables("sst2")["train"].equals(miniature.tables(language, "sst2")["train"])

    def sentences(pairs):
        return {s for ids in pairs.sequences["input_ids"] for s in reader.decode(ids).split(" [SEP]")[:-1]}

    def told(number, split):
        return "".join(s for each in miniature.documents(language, number, split) for s in each).replace(" ", "")

    train, held_out = small.text(run, reader)
    for pairs, number, split in ((train, 20, 1), (held_out, 10, 2)):
        passages = [s.removeprefix("[CLS]").replace(" ", "") for s in sentences(pairs)]
        assert passages
        assert all(passage in told(number, split) for passage in passages)
    usual, _ = replace(small, documents=0).text(run, reader)
    assert len(usual) > 1.5 * len(train)
    assert any(s.removeprefix("[CLS]").replace(" ", "") not in told(20, 1) for s in sentences(usual))


@pytest.mark.parametrize("task", ["cola", "squad"])
def test_what_was_pruned_stays_away_while_the_model_is_fine_tuned(
    small_world, tmp_path, monkeypatch, cola_folder, task
):
    squad = pd.DataFrame(
        {
            "first": ["w1 ?", "w2 w3 ?"] * 4 + ["w1 ?"],
            "second": ["w4 w5 w6", "w7 w8."] * 4 + ["w4 " * 30],
            "answer": ["w5", "w7"] * 4 + ["w4"],
            "start": [3, 0] * 4 + [60],
            "answers": [("w5", "w5 w6"), ("w7",)] * 4 + [("w4",)],
        }
    )
    tables = {"cola": choose("tasks", "cola").read(cola_folder), "squad": {"train": squad, "dev": squad}}
    monkeypatch.setattr(Miniature, "tables", lambda self, name: tables[name])
    tuned = FineTuning(
        start=gradual(small_world),
        task=task,
        epochs=1.0,
        batch_size=8,
        learning_rate=1e-3,
        max_length=16,
        seed=3,
        saved=True,
    )
    run = store.perform(tuned, tmp_path)
    mask = mask_files.load(Run(tuned.start, tmp_path).path / "mask.safetensors")[0]
    model = evaluation.with_head(str(run.path / "model"), choose("tasks", task))
    weights = families.prunable(model, embeddings=True)
    assert len(weights) >= 13
    for name, weight in weights.items():
        assert (weight[~mask[name]] == 0).all()
        assert (weight[mask[name]] != 0).float().mean() > 0.95
    # The long paragraph is 5 examples: windows of 11 of its 30 words, each 5 words after the one before.
    assert run.metrics["steps"] == {"cola": -(-37 // 8), "squad": -(-(8 + 5) // 8)}[task]
    assert len(pd.read_parquet(run.path / "answers.parquet")) == len(tables[task]["dev"])
    assert store.needs(tuned) == [tuned.start]
    assert store.needs(tuned.start) == [small_world]


def test_the_pooler_can_be_left_whole_and_steps_of_pre_training_are_told(
    small_world, tmp_path, monkeypatch, cola_folder
):
    monkeypatch.setattr(Miniature, "tables", lambda self, name: choose("tasks", name).read(cola_folder))
    for pruned, gone in ((gradual(small_world, embeddings=False, pooler=False), 0), (gradual(small_world), 128 + 480)):
        tuned = FineTuning(
            start=pruned,
            task="cola",
            epochs=1.0,
            batch_size=8,
            learning_rate=1e-3,
            max_length=16,
            seed=3,
            saved=True,
        )
        run = store.perform(TaskModel(of=tuned, before=small_world), tmp_path)
        found, mask = run.metrics, pruned.mask(run)
        weights = families.prunable(evaluation.with_head(tuned.weights(run), choose("tasks", "cola")), embeddings=True)
        pooler = weights["pooler.dense.weight"]
        assert int((pooler == 0).sum()) == (128 if gone else 0)
        assert masks.removed(mask) - gone == found["removed"] == found["weights"] / 2
        assert (found["pretraining_steps"], found["steps"]) == (8, 5)


# What a study starts from


def test_a_start_is_named_by_model_task_and_folder(cola_folder, hans_folder):
    glue = str(cola_folder.parent)
    assert starts.start("minilm", "cola", glue, seed=0, miniature_steps=5) == Given(
        model="minilm", data=str(cola_folder)
    )
    assert starts.start("miniature", "cola", "", seed=3, miniature_steps=5) == Miniature(seed=3, steps=5)
    roberta = Miniature(seed=3, steps=5, family="roberta")
    assert starts.start("miniature-roberta", "cola", "", seed=3, miniature_steps=5) == roberta
    assert starts.start("minilm", "cola", glue, seed=0, miniature_steps=5).mask(None) == {}
    for told, match in (
        (("miniature", "cola", glue), "leave data_dir empty"),
        (("miniature-roberta", "cola", glue), "leave data_dir empty"),
        (("minilm", "cola", ""), "has no folder 'CoLA'"),
        (("minilm", "rte", glue), "has no folder 'RTE'"),
        (("minilm", "clola", glue), "did you mean 'cola'"),
        (("minilm", "hans", str(hans_folder.parent)), "has no training set"),
    ):
        with pytest.raises(ValueError, match=match):
            starts.start(*told, seed=0, miniature_steps=5)
    assert starts.start("minilm", "cola", "hub", seed=0, miniature_steps=5) == Given(model="minilm", data="hub")
    with pytest.raises(ValueError, match=r"'squad' is not one of GLUE's on the hub"):
        starts.start("minilm", "squad", "hub", seed=0, miniature_steps=5)


def test_a_part_of_a_task_is_drawn_once_for_everyone(cola_folder):
    whole = Given(model="minilm", data=str(cola_folder))
    few = starts.start(
        "minilm", "cola", str(cola_folder.parent), seed=0, miniature_steps=5, train_examples=20, dev_examples=8
    )
    assert few == Given(model="minilm", data=str(cola_folder), train_examples=20, dev_examples=8)
    tables, all_of_it = few.tables("cola"), whole.tables("cola")
    assert {split: len(table) for split, table in tables.items()} == {"train": 20, "dev": 8}
    assert {split: len(table) for split, table in all_of_it.items()} == {"train": 37, "dev": 21}
    for split, table in tables.items():
        rows, drawn = (list(each.itertuples(index=False, name=None)) for each in (all_of_it[split], table))
        places = [rows.index(row) for row in drawn]
        assert places == sorted(set(places))  # none twice, in their order
        assert places != list(range(len(places)))
        assert few.tables("cola")[split].equals(table)
    assert replace(few, dev_examples=0).tables("cola")["dev"].equals(all_of_it["dev"])
    with pytest.raises(ValueError, match="38 examples are asked for where there are 37"):
        replace(few, train_examples=38).tables("cola")


def test_files_in_another_layout_are_refused_before_anything_runs(cola_folder, tmp_path):
    shutil.copytree(cola_folder, tmp_path / "CoLA")
    with (tmp_path / "CoLA/train.tsv").open("a") as file:
        file.write("src\t2\t\tw1 w2\n")
    with pytest.raises(ValueError, match="label '2' is none of 0, 1"):
        starts.start("minilm", "cola", str(tmp_path), seed=0, miniature_steps=5)


def test_a_task_of_the_hub_is_read_from_there(monkeypatch):
    asked = []
    monkeypatch.setattr(starts.glue_hub, "read", lambda name, task: asked.append((name, task)) or {"train": 1})
    assert Given(model="minilm", data="hub").tables("rte") == {"train": 1}
    assert asked == [("rte", choose("tasks", "rte"))]


def test_more_tokens_than_the_model_has_positions_for_are_refused(fine_tuning, tmp_path):
    with pytest.raises(ValueError, match=r"max_length = 41: .* positions for 40 tokens"):
        store.perform(replace(fine_tuning, max_length=41), tmp_path)


@pytest.fixture
def hans_folder(tmp_path):
    """Four pairs in HANS's layout."""
    header = "gold_label\tsentence1\tsentence2\tpairID\theuristic\n"
    rows = [("entailment", "a"), ("non-entailment", "b"), ("non-entailment", "a"), ("non-entailment", "b")]
    folder = tmp_path / "glue_data" / "HANS"
    folder.mkdir(parents=True)
    lines = [f"{label}\tw{i} w9 w{i}\tw9 w{i}\tex{i}\t{group}\n" for i, (label, group) in enumerate(rows)]
    (folder / "heuristics_evaluation_set.txt").write_text(header + "".join(lines))
    return folder


def test_a_model_is_scored_on_a_challenge_beside_its_task(fine_tuning, hans_folder, tmp_path, tokenizer):
    also = starts.challenge("hans", ["rte"], str(hans_folder.parent))
    plain = one_shot(fine_tuning)
    assert (
        store.key(one_shot(fine_tuning, also=None)) == store.key(plain) != store.key(one_shot(fine_tuning, also=also))
    )
    alone, both = (store.perform(each, tmp_path).metrics for each in (plain, one_shot(fine_tuning, also=also)))
    assert {name: both[name] for name in alone} == alone
    model = BertForSequenceClassification.from_pretrained(store.perform(fine_tuning, tmp_path).path / "model").eval()
    weights = families.prunable(model, embeddings=True)
    mask, _ = mask_files.load(store.perform(plain, tmp_path).path / "mask.safetensors")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.mul_(mask[name])
        pairs = [(f"w{i} w9 w{i}", f"w9 w{i}") for i in range(4)]
        given = [model(**tokenizer(*pair, return_tensors="pt")).logits.argmax().item() > 0 for pair in pairs]
    right = np.array(given) == np.array([False, True, True, True])
    assert both["hans.score"] == both["hans.accuracy"] == pytest.approx(right.mean())
    assert both["hans.a.accuracy"] == pytest.approx(right[[0, 2]].mean())
    assert both["hans.b.accuracy"] == pytest.approx(right[[1, 3]].mean())
    assert starts.challenge("", ["cola"], "") is None


def test_a_challenge_judges_only_models_that_have_learnt_its_classes(hans_folder):
    for also, learnt, match in (
        ("hans", ["mnli", "cola"], "models of 'cola', but of mnli, rte"),
        ("rte", ["mnli"], "no other"),
    ):
        with pytest.raises(ValueError, match=match):
            starts.challenge(also, learnt, str(hans_folder.parent))


@pytest.fixture
def own_start(bert_folder, tmp_path):
    (tmp_path / "mine.csv").write_text("id,comment,mood\n" + "".join(f"{i},w{i} w1,{i % 3}\n" for i in range(30)))
    return starts.Own(
        model=bert_folder,
        train=str(tmp_path / "mine.csv"),
        dev="",
        dev_share=0.2,
        text="comment",
        second="",
        label="mood",
        labels="classes",
    )


def test_a_file_of_ones_own_is_a_task_like_any_other(fine_tuning, own_start, tmp_path):
    dense = replace(fine_tuning, start=starts.own(own_start), task="own", epochs=0.5)
    run = store.perform(one_shot(dense, retrain_epochs=0.5), tmp_path / "results")
    saved = opening.configuration(str(store.perform(dense, tmp_path / "results").path / "model"))
    assert list(saved.id2label.values()) == list(own_start.task_named("own").LABELS)
    answers = pd.read_parquet(run.path / "answers.parquet")
    assert len(answers) == 6
    assert set(answers["label"]) == {"0", "1", "2"}
    right = (answers["answer"] == answers["label"]).mean()
    assert run.metrics["score"] == run.metrics["accuracy"] == pytest.approx(right)
    assert run.metrics["majority"] == pytest.approx(1 / 3)
    assert str(tmp_path) not in (run.path / "parameters.json").read_text()


def test_a_number_is_learnt_as_well(fine_tuning, own_start, tmp_path):
    start = starts.own(replace(own_start, labels="numbers", label="id"))
    run = store.perform(replace(fine_tuning, start=start, task="own", epochs=0.5), tmp_path / "results")
    assert {"score", "pearson", "spearman"} <= run.metrics.keys()


def test_a_file_of_ones_own_enters_the_key_by_what_is_in_it(fine_tuning, own_start, tmp_path):
    dense = replace(fine_tuning, start=own_start, task="own")
    key = store.key(dense)
    (tmp_path / "moved.csv").write_bytes((tmp_path / "mine.csv").read_bytes())
    moved = replace(dense, start=replace(own_start, train=str(tmp_path / "moved.csv")))
    assert store.key(moved) == key
    with (tmp_path / "moved.csv").open("a") as file:
        file.write("30,w1,0\n")
    assert store.key(moved) != key


def test_a_start_from_ones_own_file_is_refused_before_anything_runs(own_start):
    for change, match in (
        ({"model": "miniature"}, "knows the words of its own language alone"),
        ({"train": ""}, "train_file = ''"),
        ({"label": "moood"}, "column 'moood' is not there"),
        ({"label": "id"}, "30 different labels in 30 rows"),
    ):
        with pytest.raises(ValueError, match=match):
            starts.own(replace(own_start, **change))
