"""A mask learned on a task, end to end."""

import copy
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, BertForPreTraining, RobertaForMaskedLM

from lottery import miniature, store
from lottery.choices import offered
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import MASK, LearnedMask
from lottery.experiments.starts import Given
from lottery.mask_learning import smp_l
from lottery.masks import files as mask_files
from lottery.models import opening
from lottery.store import Run
from lottery.training import contrast, mask_training
from lottery.training.evaluation import Exam

HOW = {"sparsity": 0.5, "epochs": 2.0, "ramp": 0.5, "batch_size": 8, "score_rate": 0.02, "weight_rate": 1e-3}
HOW |= {"strength": 1.0, "pressing": "ramp", "max_length": 16, "seed": 3}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture
def learned(fine_tuning):
    return LearnedMask(start=fine_tuning.start, task="cola", method="smp_l", **HOW)


def test_a_mask_over_frozen_weights_is_all_there_is_to_store(learned, bert_folder, results):
    run = store.perform(learned, results)
    mask, header = mask_files.load(run.path / MASK)
    assert header["method"] == "smp_l"
    assert float(header["sparsity_asked"]) == 0.5
    found = run.metrics
    assert found["changed"] == 0
    assert found["weights"] == sum(kept.numel() for kept in mask.values()) == 2 * (4 * 16 * 16 + 2 * 16 * 24)
    assert found["trained"] == found["weights"] + 2 * 16 + 2
    assert found["removed"] == sum(int((~kept).sum()) for kept in mask.values()) == 0.5 * found["weights"]
    assert found["sparsity_met"] == 0.5
    assert sorted(found["matrices"]) == sorted(mask)
    assert found["shares"] == [0.5] * 12
    assert found["steps"] > 2
    before = AutoModelForSequenceClassification.from_pretrained(bert_folder).state_dict()
    assert all(before[f"bert.{name}"].shape == kept.shape for name, kept in mask.items())


def test_shares_of_heads_are_those_of_their_rows_and_columns(learned, results):
    run = store.perform(replace(learned, method="smp_g"), results)
    mask, _ = mask_files.load(run.path / MASK)
    for kind, matrix in (
        ("query", "attention.self.query"),
        ("key", "attention.self.key"),
        ("value", "attention.self.value"),
        ("output", "attention.output.dense"),
    ):
        expected = []
        for layer in range(2):
            kept = mask[f"encoder.layer.{layer}.{matrix}.weight"].numpy()
            for head in range(4):
                own = slice(4 * head, 4 * head + 4)
                expected.append((kept[:, own] if kind == "output" else kept[own]).mean())
        assert run.metrics[f"{kind}_heads"] == pytest.approx(expected)
    shares = dict(zip(run.metrics["matrices"], run.metrics["shares"], strict=True))
    assert shares == pytest.approx({name: kept.numpy().mean() for name, kept in mask.items()})
    assert len(set(run.metrics["shares"])) > 1


def test_movement_changes_what_it_keeps_and_the_rest_of_the_layers(learned, results):
    run = store.perform(replace(learned, method="movement", strength=0.0), results)
    kept = run.metrics["weights"] - run.metrics["removed"]
    others = 2 * (4 * 16 + 24 + 16 + 2 * 2 * 16) + 16 * 16 + 16  # biases and norms of the layers, and the pooler
    assert kept * 0.99 < run.metrics["changed"] <= kept + others
    assert run.metrics["trained"] == 2 * run.metrics["weights"] + others + 2 * 16 + 2


def test_a_learned_mask_learns(learned, results):
    """A rate high enough for the few steps there are."""
    found = store.perform(
        replace(learned, sparsity=0.2, epochs=25.0, score_rate=0.1, weight_rate=1e-2), results
    ).metrics
    first = store.perform(replace(learned, sparsity=0.2, epochs=0.1), results).metrics
    assert found["train_loss"] < first["train_loss"] - 0.03


def test_a_teacher_guides_and_its_answers_alter_the_mask(learned, fine_tuning, results):
    alone = store.perform(learned, results)
    for recipe in ("printed", "released"):
        guided = store.perform(replace(learned, teacher=fine_tuning, guided=recipe), results)
        one, other = (mask_files.load(run.path / MASK)[0] for run in (alone, guided))
        assert any(not torch.equal(one[name], other[name]) for name in one)
    assert store.key(learned) == store.key(replace(learned, guided="released"))


def test_contrast_alters_the_mask_and_its_terms_are_told(learned, fine_tuning, results):
    """Three epochs are begun in two and a half: snapshots of the second and the third."""
    guided = replace(learned, method="movement", teacher=fine_tuning, taught=0.9, epochs=2.5)
    cap = {recipe: replace(guided, contrasted=recipe) for recipe in ("mean", "released")}
    masks = [each.mask(store.perform(each, results)) for each in (guided, *cap.values())]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert any(not torch.equal(masks[one][name], masks[other][name]) for name in masks[0])
    told = {recipe: store.perform(each, results).metrics["losses"] for recipe, each in cap.items()}
    assert "losses" not in store.perform(guided, results).metrics
    for terms in told.values():
        assert len(terms) == 3
        assert min(terms) > 0
    assert told["mean"][2] > 20 * told["released"][2]  # of 37 examples, half of one class
    with pytest.raises(ValueError, match="contrasted: vectors are contrasted with those of a teacher, too; give one"):
        store.perform(replace(learned, contrasted="mean"), results)


def test_fields_of_contrast_and_of_the_teachers_share_leave_older_keys_as_they_were(learned):
    assert store.key(learned) == store.key(replace(learned, taught=0.5, contrasted=None))
    assert (
        store.key(learned) != store.key(replace(learned, taught=0.9)) != store.key(replace(learned, contrasted="mean"))
    )


def test_an_interrupted_contrast_goes_on_from_its_checkpoint(learned, fine_tuning, results, monkeypatch, tmp_path):
    """Stopped within the second epoch, of which the snapshot that began it is in the checkpoint."""
    cap = replace(learned, method="movement", teacher=fine_tuning, taught=0.9, contrasted="released", epochs=3.0)
    undisturbed = store.perform(cap, tmp_path / "a")
    monkeypatch.setattr(Run, "checkpoint", lambda run: store.Checkpoint(run.path / store.CHECKPOINT, 0))
    calls = []

    def stopping(*given, terms=contrast.terms):
        calls.append(given)
        if len(calls) == 5 * 2 + 2 * 3:  # five steps with two banks, then two with three
            raise KeyboardInterrupt
        return terms(*given)

    with monkeypatch.context() as patched:
        patched.setattr(contrast, "terms", stopping)
        with pytest.raises(KeyboardInterrupt):
            store.perform(cap, tmp_path / "b")
    assert (Run(cap, tmp_path / "b").path / store.CHECKPOINT).exists()
    encoded = []
    monkeypatch.setattr(contrast, "encoded", lambda *given, of=contrast.encoded: encoded.append(1) or of(*given))
    resumed = store.perform(cap, tmp_path / "b")
    assert len(encoded) == 2  # the teacher's vectors, and the snapshot of the third epoch
    assert resumed.metrics == undisturbed.metrics
    assert all(torch.equal(kept, cap.mask(undisturbed)[name]) for name, kept in cap.mask(resumed).items())


def test_a_mask_can_be_taken_on(learned, results):
    run = store.perform(learned, results)
    mask = learned.mask(run)
    stored, _ = mask_files.load(run.path / MASK)
    assert all(torch.equal(mask[name], kept) for name, kept in stored.items())


@pytest.mark.parametrize(("rise", "power"), [("cubic", 3), ("linear", 1)])
def test_the_sparsity_rises_as_asked(learned, results, monkeypatch, rise, power):
    """The progress that the method is told in each of the 10 steps, of which 5 are the ramp's."""
    told, gates = [], smp_l.gates
    monkeypatch.setattr(smp_l, "gates", lambda *given: told.append(given[1:]) or gates(*given))
    assert store.perform(replace(learned, rise=rise, seed=8), results).metrics["steps"] == 10
    steps = [1 - (1 - min(t / 5, 1)) ** power for t in range(10)]
    assert [sparsity for sparsity, _ in told] == [0.5] * 12
    assert [progress for _, progress in told] == pytest.approx(
        [0, *steps, 1]
    )  # the pulls are measured before and after


@pytest.mark.parametrize("method", ["movement", "l0", "smp_l"])
def test_mask_and_weights_are_scored_each_without_the_other(tuned, bert_folder, monkeypatch, tmp_path, method):
    """Against models put together by hand from the files of the pre-trained one and what training left."""
    left, learners = [], []

    def scoring(exam, model, *, score=Exam.score):
        left.append((exam, copy.deepcopy(model)))
        return score(exam, model)

    monkeypatch.setattr(Exam, "score", scoring)
    learner = mask_training.learner
    monkeypatch.setattr(mask_training, "learner", lambda *given: learners.append(learner(*given)) or learners[-1])
    how = HOW | {"epochs": 30.0, "weight_rate": 3e-3, "sparsity": 0.3, "strength": 300.0 if method == "l0" else 0.0}
    found = store.perform(LearnedMask(start=tuned.start, task="cola", method=method, **how), tmp_path).metrics
    ((exam, trained),) = left
    gates = learners[0].method.settled(learners[0].ranked(), 0.3)
    before = AutoModelForSequenceClassification.from_pretrained(bert_folder).bert.state_dict()
    own = {name: value.detach() for name, value in learners[0].own.items()}

    def with_encoder(tensors):
        model = copy.deepcopy(trained)
        model.bert.load_state_dict(model.bert.state_dict() | tensors)
        return exam.score(model)[0]["score"]

    masked = {name: before[name] * gate for name, gate in gates.items()}
    expected = {"neither": before, "mask_alone": before | masked, "weights_alone": own}
    assert {name: found[name] for name in expected} == pytest.approx(
        {name: with_encoder(tensors) for name, tensors in expected.items()}, nan_ok=True
    )
    frozen = found["mask_alone"] == found["score"] and found["weights_alone"] == found["neither"]
    assert frozen or method != "smp_l"
    assert not frozen or method != "movement"


def test_what_is_measured_beside_a_training_leaves_it_as_it_is(learned, monkeypatch, tmp_path):
    """L0 draws its gates, and dropout goes on where it was."""
    noisy = replace(learned, method="l0", strength=30.0)
    measured = store.perform(noisy, tmp_path / "a").metrics
    monkeypatch.setattr(LearnedMask, "_pull", lambda *_, **__: {})
    alone = store.perform(noisy, tmp_path / "b").metrics
    told = {name for name in measured if "pull" in name}
    assert told == {"loss_pull", "regulariser_pull", "loss_pull_after", "regulariser_pull_after"}
    assert {name: value for name, value in measured.items() if name not in told} == alone


def test_magnitude_has_no_score_to_pull_at(learned, results):
    assert not [name for name in store.perform(replace(learned, method="magnitude"), results).metrics if "pull" in name]


# Spans


@pytest.fixture(scope="module")
def spans(tmp_path_factory):
    """Random models of both families, and a SQuAD of a few questions in their language: {family: a start}."""
    language = miniature.Language(1)
    data = tmp_path_factory.mktemp("SQuAD")
    tables = miniature.tables(language, "squad")
    for split, rows in (("train", tables["train"][:24]), ("dev", tables["dev"][:10])):
        paragraphs = [
            {
                "context": row.second,
                "qas": [
                    {
                        "id": str(number),
                        "question": row.first,
                        "answers": [{"text": row.answer, "answer_start": row.start}],
                    }
                ],
            }
            for number, row in enumerate(rows.itertuples())
        ]
        (data / f"{split}-v1.1.json").write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}))
    sizes = {"layers": 2, "heads": 4, "width": 16, "intermediate": 24}
    starts = {}
    for family, build, shape in (
        ("bert", BertForPreTraining, miniature.config),
        ("roberta", RobertaForMaskedLM, miniature.roberta_config),
    ):
        own = miniature.TOKENIZERS[family](language)
        torch.manual_seed(5)
        folder = tmp_path_factory.mktemp(family)
        opening.save(build(shape(len(own), **sizes)), own, folder)
        starts[family] = Given(model=str(folder), data=str(data))
    return starts


def windows_of(start, max_length):
    """How many windows the training paragraphs make, by the tokenizer's own cutting."""
    own, table = opening.tokenizer(start.model), start.tables("squad")["train"]
    total = 0
    for row in table.itertuples():
        asked = len(own(row.first, add_special_tokens=False)["input_ids"])
        room = max_length - asked - own.num_special_tokens_to_add(pair=True)
        overlap = room - min(room, max_length // 3)
        told = own(
            row.first, row.second, truncation="only_second", max_length=max_length, stride=overlap,
            return_overflowing_tokens=True,
        )  # fmt: skip
        total += len(told["input_ids"])
    return total


def plain(text):
    """The words of an answer in this language, which has no punctuation inside words: lower case, no article."""
    return [word for word in text.lower().replace(".", " ").replace("?", " ").split() if word not in ("a", "an", "the")]


def check_span_run(run, experiment):
    """Its steps are those of the windows, and its scores those of its answers."""
    table, answers = experiment.start.tables("squad")["dev"], pd.read_parquet(run.path / "answers.parquet")["answer"]
    windows = windows_of(experiment.start, experiment.max_length)
    assert windows > 1.3 * 24
    assert run.metrics["steps"] == round(experiment.epochs * -(-windows // experiment.batch_size))
    assert len(answers) == len(table) == 10
    pairs = [(plain(given), plain(right)) for given, right in zip(answers, table["answer"], strict=True)]
    assert run.metrics["exact_match"] == pytest.approx(np.mean([given == right for given, right in pairs]))
    shared = [(Counter(given) & Counter(right)).total() for given, right in pairs]
    f1 = [2 * s / (len(given) + len(right)) if s else 0 for s, (given, right) in zip(shared, pairs, strict=True)]
    assert run.metrics["f1"] == run.metrics["score"] == pytest.approx(np.mean(f1))
    assert all(answer in paragraph for answer, paragraph in zip(answers, table["second"], strict=True))


@pytest.fixture
def spanned(spans):
    return lambda family, **change: LearnedMask(
        start=spans[family], task="squad", **({"method": "smp_l"} | HOW | {"max_length": 22, "epochs": 1.0} | change)
    )


@pytest.mark.parametrize("method", offered("mask_learning"))
def test_every_method_learns_on_windows_of_paragraphs(method, spanned, results):
    experiment = spanned("bert", method=method, head="mlm")
    run = store.perform(experiment, results)
    check_span_run(run, experiment)
    if method in ("smp_l", "smp_s", "smp_g", "movement", "magnitude"):
        assert run.metrics["sparsity_met"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("head", ["mlm", "embedding", "random"])
def test_every_head_reads_spans_on_a_roberta(head, spanned, results):
    experiment = spanned("roberta", head=head)
    run = store.perform(experiment, results)
    check_span_run(run, experiment)
    assert len(run.metrics["query_heads"]) == 2 * 4
    assert run.metrics["trained"] == run.metrics["weights"] + (2 * 16 + 2 if head == "random" else 0)
    assert run.metrics["changed"] == 0


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_teacher_of_spans_guides(family, spanned, results):
    alone = spanned(family)
    teacher = FineTuning(
        start=alone.start, task="squad", epochs=2.0, batch_size=8, learning_rate=1e-2, max_length=22, seed=3, saved=True
    )
    masks = [alone.mask(store.perform(alone, results))]
    for recipe in ("printed", "released"):
        guided = replace(alone, teacher=teacher, guided=recipe)
        run = store.perform(guided, results)
        check_span_run(run, guided)
        masks.append(guided.mask(run))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert any(not torch.equal(masks[one][name], masks[other][name]) for name in masks[0])


def test_pressure_that_rises_over_the_run_is_weaker_than_over_the_ramp(learned):
    steps, rise = 40, lambda step: np.clip(step / 10, 0, 1)
    over_ramp, over_run, constant = (
        replace(learned, pressing=how, strength=8.0)._strength(rise, steps) for how in ("ramp", "run", "constant")
    )
    assert [over_ramp(step) for step in (0, 5, 10, 39)] == [0, 4, 8, 8]
    assert over_run(10) == pytest.approx(8 * (1 - (1 - 10 / 40) ** 3))
    assert [constant(step) for step in (0, 39)] == [8, 8]


def test_what_cannot_be_is_refused(learned, results):
    with pytest.raises(ValueError, match=r"ramp = 2\.0: the sparsity rises over a share of the steps"):
        store.perform(replace(learned, ramp=2.0), results)
    with pytest.raises(ValueError, match="no mask_learning named 'movment'"):
        replace(learned, method="movment")
    with pytest.raises(ValueError, match=r"LearnedMask: rise = 'straight': input should be 'cubic' or 'linear'"):
        replace(learned, rise="straight")


def test_a_teacher_of_numbers_is_refused(spans, fine_tuning, results, monkeypatch):
    numbers = pd.DataFrame({"first": ["yes"] * 8, "second": ["no"] * 8, "label": [0.5 * n for n in range(8)]})
    monkeypatch.setattr(Given, "tables", lambda self, task: {"train": numbers, "dev": numbers})
    learned = LearnedMask(start=spans["bert"], task="stsb", method="smp_l", **HOW, teacher=fine_tuning)
    with pytest.raises(ValueError, match="teacher: STS-B asks for a number"):
        store.perform(learned, results)
