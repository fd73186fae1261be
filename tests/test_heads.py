"""The head a model comes with: kept where it is of the task's classes, in their order, and else a new one."""

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from lottery.models import opening

CLASSES = ("negative", "neutral", "positive")
OTHERS = ("approve", "ask", "reject")


@pytest.fixture
def saved(tmp_path, config, tokenizer):
    """Saves a random model of a class, with entries of its config.json changed, and says where."""

    def save(cls=BertForSequenceClassification, of=config, **changes) -> str:
        torch.manual_seed(0)
        cls(type(of)(**(of.to_dict() | {"num_labels": 3, "problem_type": None} | changes))).save_pretrained(
            tmp_path / "model"
        )
        tokenizer.save_pretrained(tmp_path / "model")
        return str(tmp_path / "model")

    return save


def named(names) -> dict[int, str]:
    return dict(enumerate(names))


def small(cls, config):
    return cls(
        vocab_size=config.vocab_size,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        hidden_size=16,
        **({"dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 4} if cls is DistilBertConfig else {}),
    )


@pytest.mark.parametrize(
    ("cls", "of"),
    [
        (BertForSequenceClassification, None),
        (RobertaForSequenceClassification, RobertaConfig),
        (ElectraForSequenceClassification, ElectraConfig),
        (DistilBertForSequenceClassification, DistilBertConfig),
    ],
)
def test_a_head_of_these_classes_answers_as_before_under_its_names(saved, config, cls, of):
    of = small(of, config) if of else config
    folder = saved(cls, of, id2label=named(["POSITIVE", "Negative", "neutral"]))
    before, after = cls.from_pretrained(folder).eval(), opening.for_classes(folder, CLASSES).eval()
    ids = torch.tensor([[2, 6, 3], [2, 9, 3]])
    with torch.no_grad():
        expected, logits = before(input_ids=ids).logits, after(input_ids=ids).logits
    for number, name in enumerate(CLASSES):
        theirs = {"negative": 1, "neutral": 2, "positive": 0}[name]
        assert torch.equal(logits[:, number], expected[:, theirs])
    assert after.config.id2label == named(CLASSES)
    assert after.config.label2id == {name: number for number, name in enumerate(CLASSES)}


@pytest.mark.parametrize(
    ("cls", "changes"),
    [
        (BertForSequenceClassification, {"id2label": named(OTHERS)}),
        (BertForSequenceClassification, {}),
        (BertForSequenceClassification, {"id2label": named(CLASSES), "problem_type": "multi_label_classification"}),
        (BertForTokenClassification, {"id2label": named(CLASSES)}),
        (BertForQuestionAnswering, {}),
    ],
)
def test_another_head_gives_way_to_a_new_one_by_the_seed(saved, cls, changes):
    folder = saved(cls, **changes)
    heads = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        heads.append(opening.for_classes(folder, CLASSES).classifier.weight.detach())
    assert torch.equal(heads[0], heads[2])
    assert not torch.equal(heads[0], heads[1])
    theirs = cls.from_pretrained(folder)
    if hasattr(theirs, "classifier"):
        assert not torch.equal(heads[0], theirs.classifier.weight)
    assert 0.01 < heads[0].std() < 0.04  # as transformers draws it


def test_a_head_that_a_file_lacks_is_drawn_once(bert_folder):
    """What a run draws by its seed stays what it drew before."""
    torch.manual_seed(5)
    expected = BertForSequenceClassification.from_pretrained(bert_folder, num_labels=3).classifier.weight
    torch.manual_seed(5)
    assert torch.equal(opening.for_classes(bert_folder, CLASSES).classifier.weight, expected)


def test_a_head_that_nobody_named_is_ours_only_where_we_saved_it(saved):
    folder = saved()
    theirs = BertForSequenceClassification.from_pretrained(folder).classifier.weight
    assert torch.equal(opening.for_classes(folder, CLASSES, ours=True).classifier.weight, theirs)
    assert not torch.equal(opening.for_classes(folder, CLASSES).classifier.weight, theirs)
    assert torch.equal(opening.for_classes(folder, ("0", "1", "2")).classifier.weight, theirs)


def test_a_regression_keeps_a_head_of_one_number(saved):
    folder = saved(num_labels=1, id2label={0: "LABEL_0"})
    theirs = BertForSequenceClassification.from_pretrained(folder).classifier.weight
    assert torch.equal(opening.for_classes(folder, ()).classifier.weight, theirs)


@pytest.mark.parametrize(
    ("cls", "changes", "names", "told"),
    [
        (BertForSequenceClassification, {"id2label": named(CLASSES)}, CLASSES, "has these classes and is kept"),
        (
            BertForSequenceClassification,
            {"id2label": named(CLASSES)},
            OTHERS,
            "other classes (negative, neutral, positive, here approve, ask, reject)",
        ),
        (BertForSequenceClassification, {}, CLASSES, "Nobody named the classes"),
        (BertForSequenceClassification, {}, (), "labels of another kind"),
        (
            BertForTokenClassification,
            {"id2label": named(CLASSES)},
            CLASSES,
            "without a head that gives a text one label",
        ),
    ],
)
def test_what_becomes_of_a_head_is_said(saved, cls, changes, names, told):
    assert told in opening.head_in_words(saved(cls, **changes), names)


@pytest.mark.parametrize(
    "entries",
    [
        {"return_dict": False},
        {"return_dict": False, "torchscript": True},
        {"output_attentions": True, "output_hidden_states": True},
    ],
)
def test_what_a_config_says_of_outputs_changes_none(saved, entries):
    folder = Path(saved())
    told = json.loads((folder / "config.json").read_text())
    plain = opening.for_classes(str(folder), ("0", "1", "2")).eval()(input_ids=torch.tensor([[2, 6, 3]]))
    (folder / "config.json").write_text(json.dumps(told | entries))
    found = opening.for_classes(str(folder), ("0", "1", "2")).eval()(input_ids=torch.tensor([[2, 6, 3]]))
    assert torch.equal(found.logits, plain.logits)
    assert found.keys() == plain.keys()


def test_a_decoder_is_refused(saved):
    with pytest.raises(ValueError, match="set up as a decoder"):
        opening.for_classes(saved(is_decoder=True), CLASSES)


def test_a_head_of_tags_is_kept_as_one_of_classes_is(saved):
    tags = ("O", "B-PER", "I-PER")
    folder = saved(BertForTokenClassification, id2label=named(["B-PER", "I-PER", "O"]))
    before, after = (
        BertForTokenClassification.from_pretrained(folder).eval(),
        opening.for_classes(folder, tags, of_words=True),
    )
    ids = torch.tensor([[2, 6, 9, 3]])
    with torch.no_grad():
        expected, logits = before(input_ids=ids).logits, after.eval()(input_ids=ids).logits
    assert torch.equal(logits, expected[..., [2, 0, 1]])
    assert after.config.id2label == named(tags)
    assert "is kept" in opening.head_in_words(folder, tags, of_words=True)
    config = opening.configuration(folder)
    assert opening.head_places(config, tags, of_words=True) == [2, 0, 1]
    assert opening.head_places(config, tags) is None
    assert opening.head_places(config, ("O", "B-LOC", "I-LOC"), of_words=True) is None


def test_a_head_of_classes_gives_way_to_one_of_tags(saved):
    folder = saved(id2label=named(CLASSES))
    assert "a head that gives each word a tag" in opening.head_in_words(folder, CLASSES, of_words=True)
    model = opening.for_classes(folder, CLASSES, of_words=True)
    assert type(model) is BertForTokenClassification
    theirs = BertForSequenceClassification.from_pretrained(folder).classifier.weight
    assert not torch.equal(model.classifier.weight, theirs)
