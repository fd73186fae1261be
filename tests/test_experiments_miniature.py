"""The miniature as an experiment, over a shrunken language."""

from dataclasses import replace

import numpy as np
import pytest
from transformers import BertForPreTraining, RobertaForMaskedLM

from lottery import miniature, store
from lottery.experiments.miniature import Miniature
from lottery.miniature.language import Language
from lottery.models import families, opening


def test_a_miniature_roberta_reads_the_same_text_in_its_own_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("lottery.experiments.miniature_text.HELD_OUT_DOCUMENTS", 10)
    monkeypatch.setattr("lottery.miniature.DOCUMENTS", 20)
    bert, roberta = (Miniature(seed=5, steps=2, family=family) for family in ("bert", "roberta"))
    run = store.perform(roberta, tmp_path)
    reader, theirs = (opening.tokenizer(each.weights(run)) for each in (roberta, bert))
    assert reader.model_input_names == ["input_ids", "attention_mask"]
    model = RobertaForMaskedLM.from_pretrained(run.path / "model")
    assert model.config.vocab_size == len(reader) != len(theirs)
    families.check_length(model.config, 64)
    with pytest.raises(ValueError, match="positions for 64 tokens"):
        families.check_length(model.config, 65)
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
    monkeypatch.setattr("lottery.miniature.DOCUMENTS", 40)
    small = Miniature(seed=5, steps=0, documents=20, nouns=98)
    run = store.perform(small, tmp_path)
    language = Language(5, nouns=98)
    reader = opening.tokenizer(small.weights(run))
    assert reader.get_vocab() == miniature.tokenizer(language).get_vocab()
    model = BertForPreTraining.from_pretrained(run.path / "model")
    assert model.config.vocab_size == len(reader)
    for _ in range(2):
        train = small.tables("sst2")["train"]
        assert train.equals(miniature.tables(language, "sst2")["train"])
        train["first"] = "altered"  # by whoever has taken it
    assert not Miniature(seed=6, steps=0, nouns=98).tables("sst2")["train"].equals(small.tables("sst2")["train"])
    assert not Miniature(seed=5, steps=0).tables("sst2")["train"].equals(small.tables("sst2")["train"])

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
