"""A given BERT on plain text: what it is trained and judged on, and what goes on from it; on a tiny random BERT."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForMaskedLM, BertForPreTraining, BertModel

from lottery import store
from lottery.data import text_corpus
from lottery.experiments import Pretrained, starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature
from lottery.experiments.miniature_text import HELD_OUT_SEED
from lottery.experiments.tickets import Freed
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.store import Run
from lottery.suite import cli
from lottery.training import pretraining

WORDS = [f"w{number}" for number in range(50)]


def gradual(start):
    return GradualPruning(
        start=start,
        importance="magnitude",
        scope="local",
        embeddings=True,
        sparsity=0.5,
        steps=6,
        ramp=4,
        every=2,
        recipe="printed",
        learning_rate=1e-3,
        batch_size=8,
        seed=2,
    )


def saved(tmp_path, model, tokenizer, name="bare"):
    opening.save(model, tokenizer, tmp_path / name)
    return str(tmp_path / name)


def words(pairs, tokenizer):
    """The text of each pair, as it stands in the corpus."""
    special = set(tokenizer.all_special_tokens)
    tokens = [tokenizer.convert_ids_to_tokens(ids.tolist()) for ids in pairs.sequences["input_ids"]]
    return [" ".join(token for token in pair if token not in special) for pair in tokens]


def test_its_losses_are_those_of_the_model_it_saves(continued, tokenizer, tmp_path):
    run = store.perform(continued, tmp_path)
    model = BertForPreTraining.from_pretrained(run.path / "model").eval()
    assert run.metrics["model_size"] == sum(weight.numel() for weight in model.parameters())
    _, held_out = continued.text(run, tokenizer)
    (batch,) = pretraining.held_out_batches(held_out, tokenizer, seed=HELD_OUT_SEED)
    with torch.no_grad():
        output = model(**{name: batch[name] for name in ("input_ids", "token_type_ids", "attention_mask")})
    hidden = batch["labels"] != -100
    logs = output.prediction_logits.log_softmax(-1)[hidden]
    mlm = -logs.gather(1, batch["labels"][hidden][:, None]).mean().item()
    follows = output.seq_relationship_logits.log_softmax(-1)
    nsp = -follows.gather(1, batch["next_sentence_label"][:, None]).mean().item()
    assert run.metrics["mlm_loss"] == pytest.approx(mlm, abs=1e-5)
    assert run.metrics["nsp_loss"] == pytest.approx(nsp, abs=1e-5)
    assert run.metrics["loss"] == pytest.approx(mlm + nsp, abs=1e-5)
    losses = pd.read_parquet(run.path / "losses.parquet")["loss"]
    assert len(losses) == 7
    assert np.isfinite(losses).all()
    assert isinstance(continued, Pretrained)
    assert continued.mask(run) == {}
    assert opening.tokenizer(continued.weights(run)).get_vocab() == tokenizer.get_vocab()


def test_heads_alone_learn_over_an_encoder_that_stays_as_it_is(continued, tmp_path):
    heads = replace(continued, frozen=True, steps=20, learning_rate=1e-2)
    trained, drawn = (
        BertForPreTraining.from_pretrained(store.perform(each, tmp_path).path / "model").state_dict()
        for each in (heads, replace(heads, learning_rate=1e-30))
    )
    encoder = opening.for_pretraining(continued.model).base_model.state_dict()
    for name, tensor in trained.items():
        if (own := name.removeprefix("bert.")) in encoder:
            assert tensor.equal(encoder[own]), name
        elif name != "cls.predictions.decoder.weight":  # the table of word embeddings
            assert not tensor.equal(drawn[name]), name
    losses = [store.perform(each, tmp_path).metrics["loss"] for each in (heads, replace(heads, learning_rate=1e-30))]
    assert losses[0] < losses[1]


def test_it_learns(continued, tmp_path):
    before = store.perform(replace(continued, steps=0), tmp_path).metrics
    after = store.perform(replace(continued, steps=120, learning_rate=3e-3), tmp_path).metrics
    assert after["mlm_loss"] < before["mlm_loss"] - 0.1


def test_with_no_steps_the_model_is_as_it_was_given(continued, bert_folder, tmp_path):
    run = store.perform(replace(continued, steps=0), tmp_path)
    given, found = (BertForPreTraining.from_pretrained(place) for place in (bert_folder, run.path / "model"))
    told = given.state_dict()
    assert found.state_dict().keys() == told.keys()
    assert all(torch.equal(weight, told[name]) for name, weight in found.state_dict().items())
    assert len(pd.read_parquet(run.path / "losses.parquet")) == 0


@pytest.mark.parametrize("bare", [BertModel, BertForMaskedLM])
def test_a_model_without_heads_needs_steps_and_gets_new_ones_from_the_seed(
    continued, config, tokenizer, tmp_path, bare
):
    torch.manual_seed(3)
    given = bare(config)
    folder = saved(tmp_path, given, tokenizer)
    with pytest.raises(ValueError, match=r"lacks \d+ weights of the heads of pre-training, such as .*: train them"):
        store.perform(replace(continued, model=folder, steps=0), tmp_path / "a")
    # At a rate of next to nothing the model stays what it is, but for the heads.
    kept = replace(continued, model=folder, steps=1, learning_rate=1e-30)
    heads = []
    for place, seed, disturbed in (("a", 2, 0), ("b", 2, 5), ("a", 3, 0)):
        torch.rand(disturbed)
        run = store.perform(replace(kept, seed=seed), tmp_path / place)
        model = BertForPreTraining.from_pretrained(run.path / "model")
        assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
        heads.append(model.cls.seq_relationship.weight)
        for name, weight in families.prunable(given, embeddings=True).items():
            torch.testing.assert_close(families.prunable(model, embeddings=True)[name], weight, atol=1e-20, rtol=0)
    torch.testing.assert_close(heads[0], heads[1], atol=0, rtol=0)
    assert (heads[0] - heads[2]).abs().max() > 1e-3


class Stop(Exception):
    pass


def test_an_interrupted_training_goes_on_from_its_checkpoint(continued, tmp_path, monkeypatch):
    undisturbed = store.perform(continued, tmp_path / "a")
    monkeypatch.setattr(Run, "checkpoint", lambda run: store.Checkpoint(run.path / store.CHECKPOINT, 0))
    save, steps = store.Checkpoint.save_if_due, []

    def save_and_stop(self, state):
        save(self, state)
        steps.append(len(state()["losses"]))
        if steps == [1, 2, 3, 4]:
            raise Stop

    monkeypatch.setattr(store.Checkpoint, "save_if_due", save_and_stop)
    with pytest.raises(Stop):
        store.perform(continued, tmp_path / "b")
    resumed = store.perform(continued, tmp_path / "b")
    assert steps == [1, 2, 3, 4, 5, 6, 7]
    assert resumed.metrics == undisturbed.metrics
    for name in ("model/model.safetensors", "losses.parquet"):
        assert (resumed.path / name).read_bytes() == (undisturbed.path / name).read_bytes()


@pytest.mark.parametrize("freed", [False, True])
def test_it_is_pruned_while_it_goes_on_and_then_fine_tuned_on_published_files(continued, cola_folder, tmp_path, freed):
    pruned = gradual(continued)
    tuned = FineTuning(
        start=Freed(pruned=pruned) if freed else pruned,
        task="cola",
        epochs=1.0,
        batch_size=8,
        learning_rate=1e-3,
        max_length=16,
        seed=3,
        saved=True,
        data=starts.task_data(continued.model, "cola", str(cola_folder.parent)),
    )
    run = store.perform(tuned, tmp_path / "results")
    assert {"score", "matthews", "train_loss"} <= run.metrics.keys()
    assert len(pd.read_parquet(run.path / "answers.parquet")) == 21
    mask = mask_files.load(Run(pruned, tmp_path / "results").path / "mask.safetensors")[0]
    weights = families.prunable(opening.for_classes(str(run.path / "model"), ("no", "yes")), embeddings=True)
    for name, kept in mask.items():
        assert int((~kept).sum()) == round(0.5 * kept.numel())
        assert (weights[name][~kept] != 0).any() == freed
    found = Run(pruned, tmp_path / "results").metrics
    assert found["loss"] == pytest.approx(found["mlm_loss"] + found["nsp_loss"])
    assert store.needs(pruned) == [continued]
    with pytest.raises(ValueError, match="no data of the task 'cola': give its fine-tuning"):
        replace(tuned, data="").tables("cola")


def test_model_and_text_enter_the_key_by_what_is_in_them(continued, corpus, bert_folder, tmp_path):
    key = store.key(continued)
    (tmp_path / "moved.txt").write_bytes(corpus.read_bytes())
    shutil.copytree(bert_folder, tmp_path / "moved")
    moved = replace(continued, model=str(tmp_path / "moved"), corpus=str(tmp_path / "moved.txt"))
    assert store.key(moved) == key
    with (tmp_path / "moved.txt").open("a") as file:
        file.write("\nw1 w2\nw3\n")
    assert store.key(replace(moved, corpus=str(tmp_path / "moved.txt"))) != key


def test_pairs_longer_than_the_model_has_positions_for_are_refused(continued, tmp_path):
    with pytest.raises(ValueError, match=r"max_length = 41: .* positions for 40 tokens"):
        store.perform(replace(continued, max_length=41), tmp_path)


@pytest.mark.parametrize(
    "change", [{"steps": -1}, {"batch_size": 0}, {"max_length": 0}, {"learning_rate": 0.0}, {"seed": -1}]
)
def test_parameters_out_of_range_are_refused_before_anything_runs(continued, change):
    with pytest.raises(ValueError, match=f"ContinuedPretraining: {next(iter(change))}"):
        replace(continued, **change)


# The start that a notebook's parameters name


TOLD = {"seed": 2, "text_steps": 7, "text_learning_rate": 1e-3, "text_batch_size": 8, "text_length": 24}


def test_a_pre_trained_start_is_named_by_model_and_text(continued, bert_folder, corpus):
    def named(model, text):
        return starts.pretrained(model, text, miniature_steps=5, **TOLD)

    assert named(bert_folder, str(corpus)) == continued
    assert named("miniature", "") == Miniature(seed=2, steps=5)
    short = corpus.with_name("short.txt")
    short.write_text("one.\ntwo.\n")
    for model, text, error, match in (
        ("miniature", str(corpus), ValueError, "leave text empty"),
        (bert_folder, "", ValueError, "text = '': .* give a text file or a folder"),
        (bert_folder, str(short), ValueError, "has 1 different documents"),
        (bert_folder, str(corpus) + "x", FileNotFoundError, "no file"),
        (str(corpus.parent / "none"), str(corpus), ValueError, "there is no folder"),
        (str(corpus.parent), str(corpus), ValueError, r"no config\.json"),
    ):
        with pytest.raises(error, match=match):
            named(model, text)


def test_the_data_of_a_task_is_named_beside_the_model(bert_folder, cola_folder):
    assert starts.task_data(bert_folder, "cola", str(cola_folder.parent)) == str(cola_folder)
    assert starts.task_data(bert_folder, "cola", "hub") == "hub"
    assert starts.task_data("miniature", "cola", "") == ""
    with pytest.raises(ValueError, match="has no folder 'RTE'"):
        starts.task_data(bert_folder, "rte", str(cola_folder.parent))


def test_minilm_gets_heads_on_its_own_table_of_words():
    try:
        folder = opening.locate("minilm")
    except ValueError as error:
        pytest.skip(str(error))
    with pytest.raises(ValueError, match=r"'minilm' lacks 8 weights of the heads"):
        opening.require_heads("minilm")
    model = opening.for_pretraining("minilm")
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert families.nsp_head(model) is not None
    given = BertModel.from_pretrained(folder)
    for name, weight in families.prunable(given, embeddings=True).items():
        assert torch.equal(families.prunable(model, embeddings=True)[name], weight)


# Text of SQuAD's paragraphs, by the command


def test_the_paragraphs_of_squad_become_a_text(reference, tmp_path, capsys):
    source = reference("squad/dev-v1.1.json")
    with pytest.raises(SystemExit) as ended:
        cli.main(["corpus", str(tmp_path / "corpus.txt"), str(source), str(source)])
    assert ended.value.code == 0
    assert "2067 documents, " in capsys.readouterr().out
    blocks = (tmp_path / "corpus.txt").read_text(encoding="utf-8").split("\n\n")
    assert len(blocks) == 2067
    assert blocks[0].startswith("Super Bowl 50 was an American football game")
    whole = text_corpus.read(tmp_path / "corpus.txt")
    assert whole == [told for told in (block.strip().split("\n") for block in blocks) if len(told) > 1]


def test_what_is_no_squad_is_refused_and_nothing_is_written(tmp_path, capsys):
    (tmp_path / "a.json").write_text("{}")
    for source in ("a.json", "gone.json"):
        with pytest.raises(SystemExit) as ended:
            cli.main(["corpus", str(tmp_path / "corpus.txt"), str(tmp_path / source)])
        assert ended.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "corpus.txt").exists()
