"""Heads from label words, against the whole MLM head of the stock model and against products by hand."""

import numpy as np
import pytest
import torch
import toy_families
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    BertForMaskedLM,
    BertForPreTraining,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForPreTraining,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizer,
)

from lottery import miniature
from lottery.choices import choose, offered
from lottery.data import own_file
from lottery.models import opening
from lottery.task_heads import embedding, label_tokens, mlm, random
from lottery.tasks import cola, hans, mnli, mrpc, qnli, qqp, rte, squad, sst2, stsb, wnli
from lottery.training import evaluation
from lottery.training.evaluation import Exam

FAMILIES = ("bert", "roberta", "distilbert")
NEWER = ("mpnet", "modernbert", "deberta-v3")
SHAPE = {"num_hidden_layers": 2, "num_attention_heads": 4}
LABEL_WORDS = ("Yes", "Maybe", "No", "terrible", "great", "incorrect", "correct")

# Of the label of a name: the first row of the table in the released code, and MNLI by what its labels mean.
BY_NAME = [
    (mnli, {"entailment": "Yes", "neutral": "Maybe", "contradiction": "No"}),
    (rte, {"entailment": "Yes", "not_entailment": "No"}),
    (qnli, {"entailment": "Yes", "not_entailment": "No"}),
    (wnli, {"entailment": "Yes", "not_entailment": "No"}),
    (hans, {"entailment": "Yes", "non-entailment": "No"}),
    (qqp, {"duplicate": "Yes", "not_duplicate": "No"}),
    (mrpc, {"equivalent": "Yes", "not_equivalent": "No"}),
    (sst2, {"positive": "great", "negative": "terrible"}),
    (cola, {"acceptable": "correct", "unacceptable": "incorrect"}),
]


@pytest.fixture(scope="module")
def language():
    return miniature.Language(1)


@pytest.fixture(scope="module")
def tables(language):
    return {name: miniature.tables(language, name) for name in ("cola", "mnli", "stsb", "squad")}


def byte_level() -> RobertaTokenizer:
    """RoBERTa's: its label words are one token with the blank before them, and another one without."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u0120", *map(chr, range(33, 127))]
    merges = []
    for word in (*LABEL_WORDS, "yes"):
        for end in range(2, len(word) + 1):
            merges.append((word[: end - 1], word[end - 1]))
        merges.append(("\u0120", word))
    tokens += dict.fromkeys("".join(pair) for pair in merges)
    return RobertaTokenizer(
        vocab={token: number for number, token in enumerate(dict.fromkeys(tokens))}, merges=[*dict.fromkeys(merges)]
    )


def drawn(kind: str, vocabulary: int):
    if kind in NEWER:
        told = {"vocab_size": vocabulary, "hidden_size": 32, "max_position_embeddings": 128}
        return AutoModelForMaskedLM.from_config(toy_families.config(kind, **told))
    if kind == "bert":
        return BertForPreTraining(miniature.config(vocabulary, layers=2, heads=4, width=32))
    if kind == "distilbert":
        return DistilBertForMaskedLM(
            DistilBertConfig(vocab_size=vocabulary, dim=32, hidden_dim=48, n_layers=2, n_heads=4)
        )
    return RobertaForMaskedLM(
        RobertaConfig(vocab_size=vocabulary, hidden_size=32, intermediate_size=48, **SHAPE, type_vocab_size=1)
    )


@pytest.fixture(scope="module")
def folders(language, tmp_path_factory) -> dict[str, str]:
    """Random models whose answers differ, with biases too, saved with a tokenizer that knows the label words."""
    found = {}
    for kind in (*FAMILIES, *NEWER):
        own = byte_level() if kind == "roberta" else miniature.tokenizer(language)
        torch.manual_seed(3)
        model = drawn(kind, len(own))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.4 * torch.randn_like(parameter))
        found[kind] = str(tmp_path_factory.mktemp(kind))
        opening.save(model, own, found[kind])
    return found


def batch_of(name: str, folder: str, tables):
    """A task, its tokenizer, and a batch of unlike lengths without labels."""
    task, own = choose("tasks", name), opening.tokenizer(folder)
    given = Exam(task, tables[name], own, 80).encoded(tables[name]["dev"][:24])
    batch = given.batch(list(range(24)))
    assert len(given.lengths.unique()) > 2
    return task, own, {key: tensor for key, tensor in batch.items() if key not in given.numbers}


def by_hand(task, own) -> list[int]:
    """The tokens of the words, found by their spelling in the vocabulary."""
    vocabulary = own.get_vocab()
    for row in task.WORDS:
        spelt = [f"\u0120{word}" if "\u0120" in vocabulary else word.lower() for word in row]
        if all(word in vocabulary for word in spelt):
            return [vocabulary[word] for word in spelt]
    raise AssertionError(task.TITLE)


@pytest.mark.parametrize("name", ["cola", "mnli", "stsb"])
@pytest.mark.parametrize("kind", [*FAMILIES, *NEWER])
def test_the_mlm_head_is_the_whole_one_read_at_the_first_token(kind, name, folders, tables):
    task, own, batch = batch_of(name, folders[kind], tables)
    stock = AutoModelForMaskedLM.from_pretrained(folders[kind]).eval()
    model = mlm.build(folders[kind], task, own).eval()
    with torch.no_grad():
        wanted = stock(**batch).logits[:, 0, by_hand(task, own)]
        torch.testing.assert_close(model(**batch).logits, wanted, rtol=1e-6, atol=1e-5)
    assert wanted.std(dim=0).min() > 0.1
    assert wanted.abs().max() > 0.5


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_mlm_head_in_double_precision_differs_by_less_than_a_millionth(kind, folders, tables):
    task, own, batch = batch_of("mnli", folders[kind], tables)
    stock = AutoModelForMaskedLM.from_pretrained(folders[kind]).double().eval()
    model = mlm.build(folders[kind], task, own).double().eval()
    with torch.no_grad():
        wanted = stock(**batch).logits[:, 0, by_hand(task, own)]
        torch.testing.assert_close(model(**batch).logits, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_mlm_head_of_spans_is_the_whole_one_read_at_every_token(kind, folders, tables):
    task, own, batch = batch_of("squad", folders[kind], tables)
    stock = AutoModelForMaskedLM.from_pretrained(folders[kind]).eval()
    model = mlm.build(folders[kind], task, own).eval()
    with torch.no_grad():
        wanted, told = stock(**batch).logits, model(**batch)
    yes, no = by_hand(task, own)
    torch.testing.assert_close(told.start_logits, wanted[:, :, yes], rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(told.end_logits, wanted[:, :, no], rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", ["cola", "mnli", "stsb", "squad"])
@pytest.mark.parametrize("kind", [*FAMILIES, *NEWER])
def test_the_embedding_head_is_the_bare_product(kind, name, folders, tables):
    task, own, batch = batch_of(name, folders[kind], tables)
    stock = AutoModel.from_pretrained(folders[kind]).eval()
    model = embedding.build(folders[kind], task, own).eval()
    with torch.no_grad():
        told = model(**batch)
        hidden = stock(**batch).last_hidden_state.numpy()
        words = stock.get_input_embeddings().weight.numpy()[by_hand(task, own)]
    if name == "squad":
        for row, logits in enumerate((told.start_logits, told.end_logits)):
            wanted = np.einsum("btw,w->bt", hidden, words[row])
            np.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-4)
    else:
        wanted = np.einsum("bw,lw->bl", hidden[:, 0], words)
        np.testing.assert_allclose(told.logits, wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("head", ["mlm", "embedding"])
@pytest.mark.parametrize(("name", "words"), [("mnli", 3), ("squad", 2)])
def test_no_more_of_the_decoder_is_computed_than_the_words(name, words, head, kind, folders, tables):
    task, own, _ = batch_of(name, folders[kind], tables)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    model = choose("task_heads", head).build(folders[kind], task, own)
    assert torch.equal(torch.get_rng_state(), before)
    widths = [module.out_features for module in model.head.modules() if isinstance(module, torch.nn.Linear)]
    assert widths == ([32, words] if head == "mlm" else [words])
    assert not any(parameter.requires_grad for parameter in model.head.parameters())
    assert getattr(model.base_model, "pooler", None) is None


@pytest.mark.parametrize("head", ["mlm", "embedding"])
def test_the_words_of_a_head_stay_when_the_encoders_change(head, folders, tables):
    task, own, _ = batch_of("mnli", folders["bert"], tables)
    model = choose("task_heads", head).build(folders["bert"], task, own)
    before = {name: parameter.clone() for name, parameter in model.head.named_parameters()}
    with torch.no_grad():
        model.base_model.get_input_embeddings().weight.zero_()
    assert any(weight.abs().sum() > 0 for weight in before.values())
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.head.named_parameters())


def test_a_random_head_is_what_fine_tuning_uses(bert_folder, tokenizer):
    for name in ("cola", "stsb", "squad"):
        task = choose("tasks", name)
        torch.manual_seed(4)
        model = random.build(bert_folder, task, tokenizer)
        torch.manual_seed(4)
        same = evaluation.with_head(bert_folder, task)
        assert type(model) is type(same)
        assert all(torch.equal(tensor, same.state_dict()[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize(("task", "words"), BY_NAME)
def test_a_word_belongs_to_the_label_of_its_name(task, words, folders):
    assert dict(zip(task.LABELS, task.WORDS[0], strict=True)) == words
    own = opening.tokenizer(folders["roberta"])
    found = label_tokens(task, own)
    assert {label: own.decode([token]) for label, token in zip(task.LABELS, found, strict=True)} == {
        label: f" {word}" for label, word in words.items()
    }


def test_the_words_of_a_number_and_of_a_span(folders):
    own = opening.tokenizer(folders["bert"])
    yes, no = own.get_vocab()["yes"], own.get_vocab()["no"]
    assert label_tokens(stsb, own) == [yes]
    assert label_tokens(squad, own) == [yes, no]


def test_the_released_words_of_mnli_are_those_of_its_loaders_order():
    """The loader numbers the labels as the teacher does; the words are given by number, as in run.sh."""
    numbered = {0: "contradiction", 1: "entailment", 2: "neutral"}
    label_map = {"2": "No", "0": "Yes", "1": "Maybe"}
    wanted = {name: label_map[str(number)] for number, name in numbered.items()}
    assert dict(zip(mnli.LABELS, mnli.RELEASED_WORDS[0], strict=True)) == wanted
    assert all(wanted[label] != word for label, word in zip(mnli.LABELS, mnli.WORDS[0], strict=True))


@pytest.mark.parametrize("head", ["mlm", "embedding"])
def test_the_released_words_of_mnli_exchange_the_answers(head, folders, tables):
    task, own, batch = batch_of("mnli", folders["bert"], tables)
    build = choose("task_heads", head).build
    with torch.no_grad():
        named = build(folders["bert"], task, own).eval()(**batch).logits
        released = build(folders["bert"], task, own, released=True).eval()(**batch).logits
    entailment, neutral, contradiction = range(3)
    assert task.LABELS == ("entailment", "neutral", "contradiction")
    torch.testing.assert_close(released[:, contradiction], named[:, entailment])  # Yes
    torch.testing.assert_close(released[:, entailment], named[:, neutral])  # Maybe
    torch.testing.assert_close(released[:, neutral], named[:, contradiction])  # No


def test_where_nothing_was_misassigned_the_released_words_are_the_named_ones(folders):
    own = opening.tokenizer(folders["bert"])
    for task in (cola, rte, squad):
        assert label_tokens(task, own, released=True) == label_tokens(task, own)


def test_roberta_takes_the_word_with_its_blank(folders):
    own = opening.tokenizer(folders["roberta"])
    assert own("Yes", add_special_tokens=False)["input_ids"] == [own.get_vocab()["Yes"]]
    assert label_tokens(rte, own) == [own.get_vocab()["\u0120Yes"], own.get_vocab()["\u0120No"]]


def test_the_miniature_takes_the_second_row_where_it_splits_a_word(language):
    own = miniature.tokenizer(language)
    for name in offered("miniature.tasks"):
        task = choose("tasks", name)
        row = task.WORDS[-1]
        assert label_tokens(task, own) == [own.get_vocab()[word.lower()] for word in row]
    assert [len(task.WORDS) for task in (cola, sst2)] == [2, 2]
    own = miniature.TOKENIZERS["roberta"](language)
    for task in (cola, sst2, rte, squad, stsb):
        words = [own.decode([token]) for token in label_tokens(task, own)]
        assert words == [f" {word}" for word in task.WORDS[-1]]


def test_the_packaged_minilm_knows_the_first_row_and_has_no_mlm_head():
    try:
        own = opening.tokenizer("minilm")
    except ValueError as error:
        pytest.skip(str(error))
    for task, words in BY_NAME:
        assert own.convert_ids_to_tokens(label_tokens(task, own)) == [words[label].lower() for label in task.LABELS]
    with pytest.raises(ValueError, match=r"'minilm' lacks \d weights of the heads of pre-training"):
        mlm.build("minilm", cola, own)
    model = embedding.build("minilm", cola, own)
    words = model.base_model.get_input_embeddings().weight
    for label, word in enumerate(("incorrect", "correct")):
        assert torch.equal(model.head.weight[label], words[own.get_vocab()[word]])


def test_a_file_with_the_mlm_head_alone_is_enough(folders, language, tables, tmp_path):
    BertForMaskedLM.from_pretrained(folders["bert"]).save_pretrained(tmp_path)
    miniature.tokenizer(language).save_pretrained(tmp_path)
    task, own, batch = batch_of("mnli", folders["bert"], tables)
    with torch.no_grad():
        found, wanted = (mlm.build(str(f), task, own).eval()(**batch) for f in (tmp_path, folders["bert"]))
    assert torch.equal(found.logits, wanted.logits)


class Knowing:
    """A tokenizer that knows some words, and for which every other one is the token 1."""

    unk_token_id = 1

    def __init__(self, *words):
        self.words = words

    def __call__(self, texts, add_special_tokens):
        assert not add_special_tokens
        known = {f" {word}": [60 + number] for number, word in enumerate(self.words)}
        return {"input_ids": [known.get(text, [1]) for text in texts]}


def test_one_word_that_is_missing_passes_on_to_the_next_row():
    assert label_tokens(cola, Knowing("incorrect", "good", "bad")) == [62, 61]
    assert label_tokens(cola, Knowing("incorrect", "good", "bad", "correct")) == [60, 63]


@pytest.mark.parametrize("head", ["mlm", "embedding"])
def test_words_that_are_no_single_tokens_are_refused(head, bert_folder, tokenizer):
    """The tokenizer of these models knows none of them."""
    for known in (tokenizer, Knowing("incorrect", "good")):
        with pytest.raises(
            ValueError, match=r"CoLA \(incorrect, correct; or bad, good\) .* the head 'random'"
        ) as error:
            choose("task_heads", head).build(bert_folder, cola, known)
        assert "\n" not in str(error.value)


def test_a_task_of_ones_own_has_no_label_words(bert_folder, tokenizer):
    task = own_file.OwnTask(TITLE="mine.csv", KIND="classification", LABELS=("a", "b"), PAIR=False, METRIC="accuracy")
    for head in ("mlm", "embedding"):
        with pytest.raises(ValueError, match=r"^mine\.csv has no label words, .* give the head 'random'") as error:
            choose("task_heads", head).build(bert_folder, task, tokenizer)
        assert "\n" not in str(error.value)
    assert random.build(bert_folder, task, tokenizer).config.num_labels == 2


@pytest.mark.parametrize("narrower", [16, 32])
def test_electra_has_no_mlm_head_and_a_product_only_where_the_widths_agree(narrower, language, tmp_path):
    own = miniature.tokenizer(language)
    config = ElectraConfig(vocab_size=len(own), embedding_size=narrower, hidden_size=32, intermediate_size=48, **SHAPE)
    opening.save(ElectraForPreTraining(config), own, tmp_path)
    with pytest.raises(ValueError, match="pre-trained to find exchanged words"):
        mlm.build(str(tmp_path), rte, own)
    if narrower == 32:
        model = embedding.build(str(tmp_path), rte, own)
        assert model.eval()(input_ids=torch.tensor([[2, 9, 3]])).logits.shape == (1, 2)
    else:
        with pytest.raises(ValueError, match="16 wide and its outputs 32, so that they have no product"):
            embedding.build(str(tmp_path), rte, own)
