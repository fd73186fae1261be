import math

import pytest
import torch
from transformers import BertForMaskedLM, BertForPreTraining, RobertaConfig, RobertaForMaskedLM, RobertaTokenizer

from lottery.data.examples import seeded, sorted_batches
from lottery.training import pretraining

SPECIAL = {0, 1, 2, 3, 4}


def documents(count=30, seed=0):
    """Each word tells where it is from: one is the document's own, w40 to w49 count the sentences."""
    draw = torch.Generator().manual_seed(seed)
    made = []
    for number in range(count):
        sentences = []
        for place in range(int(torch.randint(1, 9, (1,), generator=draw))):
            length = int(torch.randint(1, 6, (1,), generator=draw))
            sentences.append(" ".join([f"w{number % 40}"] * length + [f"w{40 + place}"]))
        made.append(sentences)
    return made


@pytest.fixture
def pairs(tokenizer):
    return pretraining.sentence_pairs(documents(), tokenizer, 24, seeded(1))


def split(ids, tokenizer):
    """The two passages of a pair as words, after a check of its frame."""
    words = tokenizer.convert_ids_to_tokens(ids.tolist())
    assert words[0] == "[CLS]"
    assert words[-1] == "[SEP]"
    assert words.count("[SEP]") == 2
    middle = words.index("[SEP]")
    return words[1:middle], words[middle + 1 : -1]


def test_the_second_passage_follows_or_is_from_another_document(pairs, tokenizer):
    texts = [tokenizer.tokenize(" ".join(document)) for document in documents()]
    labels = pairs.numbers["next_sentence_label"].tolist()
    for ids, types, label in zip(pairs.sequences["input_ids"], pairs.sequences["token_type_ids"], labels, strict=True):
        first, second = split(ids, tokenizer)
        assert first
        assert second
        assert types.tolist() == [0] * (len(first) + 2) + [1] * (len(second) + 1)
        own = {word for word in first if int(word[1:]) < 40}
        theirs = {word for word in second if int(word[1:]) < 40}
        if label:
            assert not own & theirs
        else:
            text = texts[int(next(iter(own | theirs))[1:])]
            assert len(own | theirs) == 1
            begins = [i for i in range(len(text)) if text[i : i + len(first)] == first]
            assert any(second == text[i:][len(first) :][: len(second)] for i in begins) or len(ids) == 24
    assert len(labels) > 25
    assert 0.25 < sum(labels) / len(labels) < 0.75


def test_half_of_many_pairs_are_exchanged(tokenizer):
    many = pretraining.sentence_pairs(documents(40, seed=1) * 10, tokenizer, 12, seeded(2))
    share = many.numbers["next_sentence_label"].float().mean().item()
    assert abs(share - 0.5) < 4 * 0.5 / math.sqrt(len(many))


@pytest.mark.parametrize("max_length", [7, 12, 24, 40])
def test_no_pair_is_longer_than_asked_and_none_is_empty(tokenizer, max_length):
    pairs = pretraining.sentence_pairs(documents(), tokenizer, max_length, seeded(1))
    assert max(pairs.lengths) <= max_length
    for ids in pairs.sequences["input_ids"]:
        assert all(split(ids, tokenizer))


def test_every_document_of_two_sentences_gives_a_pair(tokenizer):
    pairs = pretraining.sentence_pairs(documents(), tokenizer, 40, seeded(1))
    begun = {split(ids, tokenizer)[0][0] for ids in pairs.sequences["input_ids"]}
    assert begun == {f"w{number}" for number, document in enumerate(documents()) if len(document) > 1}


def test_a_pair_too_long_loses_words_from_its_longer_end():
    """Against the loop of BERT's code: as long as it is too long, the longer passage loses its last word."""
    for n_first in range(1, 9):
        for n_second in range(1, 9):
            for length in range(2, 18):
                first, second = list(range(n_first)), list(range(100, 100 + n_second))
                found = pretraining._shortened(first, second, length)
                while len(first) + len(second) > length:
                    (first if len(first) > len(second) else second).pop()
                assert found == (first, second)


@pytest.mark.parametrize("given", [[], [["w1 w2"], ["w3"]], [["w1", "w2", "w3"], ["w4"]], [[], []]])
def test_fewer_than_two_documents_of_two_sentences_are_refused(tokenizer, given):
    with pytest.raises(ValueError, match="two documents"):
        pretraining.sentence_pairs(given, tokenizer, 20, seeded(0))


def test_the_same_seed_gives_the_same_pairs(tokenizer, pairs):
    again = pretraining.sentence_pairs(documents(), tokenizer, 24, seeded(1))
    other = pretraining.sentence_pairs(documents(), tokenizer, 24, seeded(2))
    assert all(map(torch.equal, pairs.sequences["input_ids"], again.sequences["input_ids"]))
    assert not torch.equal(pairs.numbers["next_sentence_label"], other.numbers["next_sentence_label"])


def test_words_are_hidden_in_berts_shares(tokenizer):
    ids = torch.randint(0, len(tokenizer), (1000, 120), generator=seeded(8))
    hidden, labels = pretraining.mask_tokens(ids, tokenizer, seeded(9))
    special = torch.tensor([[token in SPECIAL for token in row] for row in ids.tolist()])
    chosen = labels != -100
    assert not (chosen & special).any()
    assert torch.equal(hidden[~chosen], ids[~chosen])
    assert torch.equal(labels[chosen], ids[chosen])
    n, words = int(chosen.sum()), int((~special).sum())
    assert abs(n / words - 0.15) < 4 * math.sqrt(0.15 * 0.85 / words)
    masked = (hidden == tokenizer.mask_token_id)[chosen]
    # Of the tenth that gets any token one in 60 is [MASK] again, and one in 60 its own self.
    shares = {
        "masked": (masked.float().mean().item(), 0.8 + 0.1 / 60),
        "kept": ((hidden == ids)[chosen].float().mean().item(), 0.1 + 0.1 / 60),
        "random": (((hidden != ids)[chosen] & ~masked).float().mean().item(), 0.1 * 58 / 60),
    }
    for found, told in shares.values():
        assert abs(found - told) < 4 * math.sqrt(told * (1 - told) / n)
    random_ones = hidden[chosen & (hidden != ids) & (hidden != tokenizer.mask_token_id)]
    assert len(random_ones.unique()) == len(tokenizer) - 1


def test_the_words_hidden_at_a_step_depend_on_the_step_alone(pairs, tokenizer):
    batches = pretraining.masked_batches(pairs, tokenizer, batch_size=4, seed=3)
    told = [batches(step) for step in range(20)]
    again = pretraining.masked_batches(pairs, tokenizer, batch_size=4, seed=3)
    for step in (19, 3, 0, 12):
        assert all(torch.equal(again(step)[name], told[step][name]) for name in told[step])
    # A pair seen again in the next epoch has other words hidden.
    seen = {}
    for batch in told:
        for labels, hidden in zip(batch["labels"], batch["input_ids"], strict=True):
            text = torch.where(labels != -100, labels, hidden)
            seen.setdefault(tuple(text[text != 0].tolist()), set()).add(tuple((labels != -100).tolist()))
    assert sum(len(ways) > 1 for ways in seen.values()) > len(seen) / 2


def test_the_loss_is_transformers_own(config, pairs, tokenizer):
    torch.manual_seed(0)
    model = BertForPreTraining(config).eval()
    batch = pretraining.masked_batches(pairs, tokenizer, batch_size=8, seed=3)(0)
    assert pretraining.loss(model, batch).item() == pytest.approx(model(**batch).loss.item(), abs=1e-6)
    model.zero_grad()
    pretraining.loss(model, batch).backward()
    ours = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    model(**batch).loss.backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(ours[name], parameter.grad, atol=1e-6, rtol=1e-4)


def test_without_an_nsp_head_the_loss_is_that_of_the_words(config, pairs, tokenizer):
    torch.manual_seed(0)
    model = BertForMaskedLM(config).eval()
    batch = pretraining.masked_batches(pairs, tokenizer, batch_size=8, seed=3)(0)
    told = model(**{name: tensor for name, tensor in batch.items() if name != "next_sentence_label"}).loss
    assert pretraining.loss(model, batch).item() == pytest.approx(told.item(), abs=1e-6)


def test_a_batch_in_which_no_word_is_hidden_has_a_loss_all_the_same(config, pairs):
    """The last batch of an epoch may be one short pair, of which none of some seven words is chosen."""
    torch.manual_seed(0)
    batch = pairs.batch([0])
    batch["labels"] = torch.full_like(batch["input_ids"], -100)
    model = BertForPreTraining(config).eval()
    found = pretraining.loss(model, batch)
    told = model(**{name: tensor for name, tensor in batch.items() if name not in ("labels", "next_sentence_label")})
    pair = torch.nn.functional.cross_entropy(told.seq_relationship_logits, batch["next_sentence_label"])
    assert found.item() == pytest.approx(pair.item(), abs=1e-6)
    found.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("kind", [BertForPreTraining, BertForMaskedLM])
def test_evaluation_is_a_loop_over_examples(config, pairs, tokenizer, kind):
    torch.manual_seed(0)
    model = kind(config).train()
    found = pretraining.evaluate(model, pairs, tokenizer, seed=4, batch_size=8)
    model.eval()
    word_losses, word_hits, pair_losses, pair_hits = [], [], [], []
    with torch.no_grad():
        for number, positions in enumerate(sorted_batches(pairs.lengths, 8)):
            hidden, labels = pretraining.mask_tokens(pairs.batch(positions)["input_ids"], tokenizer, seeded(4, number))
            for row, i in enumerate(positions):
                n = int(pairs.lengths[i])
                output = model(
                    input_ids=hidden[row : row + 1, :n], token_type_ids=pairs.sequences["token_type_ids"][i][None]
                )
                scores = (output.prediction_logits if kind is BertForPreTraining else output.logits)[0].log_softmax(-1)
                for place, word in enumerate(labels[row, :n].tolist()):
                    if word != -100:
                        word_losses.append(-scores[place, word].item())
                        word_hits.append(int(scores[place].argmax()) == word)
                if kind is BertForPreTraining:
                    pair = pairs.numbers["next_sentence_label"][i].item()
                    pair_losses.append(-output.seq_relationship_logits.log_softmax(-1)[0, pair].item())
                    pair_hits.append(int(output.seq_relationship_logits.argmax()) == pair)

    def mean(values):
        return pytest.approx(sum(values) / len(values) if values else math.nan, abs=1e-6, nan_ok=True)

    assert {name: value for name, value in found.items() if name != "loss"} == {
        "mlm_loss": mean(word_losses),
        "mlm_accuracy": mean(word_hits),
        "nsp_loss": mean(pair_losses),
        "nsp_accuracy": mean(pair_hits),
    }
    parts = ("mlm_loss", "nsp_loss") if kind is BertForPreTraining else ("mlm_loss",)
    assert found["loss"] == sum(found[part] for part in parts)


def test_two_models_are_asked_for_the_same_words(config, pairs, tokenizer, monkeypatch):
    asked = []
    parts = pretraining.parts
    monkeypatch.setattr(pretraining, "parts", lambda model, batch: asked.append(batch) or parts(model, batch))
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = BertForPreTraining(config)
        torch.rand(seed)
        pretraining.evaluate(model, pairs, tokenizer, seed=4, batch_size=8)
    half = len(asked) // 2
    for one, other in zip(asked[:half], asked[half:], strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_roberta_is_pretrained_without_passages(tmp_path):
    """It has no NSP head and one kind of token only."""
    words = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4} | {c: 5 + i for i, c in enumerate("abcdeĠ")}
    tokenizer = RobertaTokenizer(vocab=words, merges=[])
    pairs = pretraining.sentence_pairs([["a b c", "d e", "a a"], ["b b", "c c d", "e"]], tokenizer, 16, seeded(0))
    torch.manual_seed(0)
    model = RobertaForMaskedLM(
        RobertaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
            max_position_embeddings=40,
            type_vocab_size=1,
            pad_token_id=1,
        )
    )
    batch = pretraining.masked_batches(pairs, tokenizer, batch_size=4, seed=3)(1)
    assert (batch["input_ids"][batch["attention_mask"] == 0] == 1).all()
    model.eval()
    told = model(
        **{name: tensor for name, tensor in batch.items() if name in ("input_ids", "attention_mask", "labels")}
    )
    assert pretraining.loss(model, batch).item() == pytest.approx(told.loss.item(), abs=1e-6)
