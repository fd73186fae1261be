"""A contract over tiny random models of every family: what is found, masked, gated, cut out, saved and opened again."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from toy_families import MADE, built, config, examples
from transformers import AutoModelForMaskedLM

from lottery import masks, pruning
from lottery.attention import maps as attention_maps
from lottery.models import exporting, families, opening, slices
from lottery.pruning import component_search, components, sensitivity

WIDTH, HEADS, SIZE, NEURONS, LAYERS = 16, 4, 4, 24, 2
EVERY = pytest.mark.parametrize("name", MADE)
# Of a layer, in rows of the model's width: those of all heads and those of all neurons.
ROWS = {
    "modernbert": (4, 3),  # its neurons have a gate
    "modernbert with biases": (4, 3),
    "deberta-v2": (6, 2),  # its heads project relative positions, too
}
WITHOUT_WORDS = {"electra"}
STRANGER = """
import sys, torch
from pathlib import Path
from transformers import AutoModelForSequenceClassification
from transformers.exporters.base import ExportedModel
found, batches = {}, torch.load(sys.argv[2])
for folder in sorted(Path(sys.argv[1]).iterdir()):
    for place in sorted(folder.iterdir()):
        stock = place.name == "stock"
        model = AutoModelForSequenceClassification.from_pretrained(place).eval() if stock else None
        model = model or ExportedModel.from_pretrained(place)
        with torch.no_grad():
            found[folder.name, place.name] = [model(**batch).logits for batch in batches[folder.name]]
torch.save(found, sys.argv[3])
assert "lottery" not in sys.modules
"""


def batches(shapes=((1, 3), (5, 17), (32, 38)), *, kinds=0):
    """Ids and their mask; and token types, which exports ask for, of a model that has so many `kinds` of them."""
    generator = torch.Generator().manual_seed(1)
    made = []
    for shape in shapes:
        ids = torch.randint(5, 55, shape, generator=generator)
        mask = torch.ones_like(ids)
        mask[1::2, shape[1] // 2 :] = 0
        types = {"token_type_ids": (ids > 30).long()} if kinds > 1 else {}
        made.append({"input_ids": ids, "attention_mask": mask} | types)
    return made


@torch.no_grad()
def answers(model, given):
    return [model(**batch).logits for batch in given]


def drawn(model, seed, *, empty):
    """A mask of components, drawn; where asked, a layer without heads, one without neurons and one without MLP."""
    generator = torch.Generator().manual_seed(seed)
    shapes = components.shapes(model.config, neurons=True)
    kept = {kind: torch.rand(shape, generator=generator) > 0.5 for kind, shape in shapes.items()}
    if empty:
        kept["heads"][seed % 2], kept["mlps"] = False, torch.tensor([True, seed % 4 > 1])
        kept["neurons"][0] = False
    return kept


def floats(kept):
    return {kind: tensor.float() for kind, tensor in kept.items()}


def test_every_family_is_here():
    assert list(dict.fromkeys(kind for kind, _ in MADE.values())) == [*families.FAMILIES]


@EVERY
def test_what_can_be_pruned_is_every_linear_map_of_the_layers(name):
    model = built(name)
    (place, layers), *_ = [(n, m) for n, m in model.base_model.named_modules() if isinstance(m, nn.ModuleList)]
    expected = {
        f"{place}.{inside}.weight": module.weight
        for inside, module in layers.named_modules()
        if isinstance(module, nn.Linear)
    }
    found = families.prunable(model, embeddings=False, pooler=False)
    assert found.keys() == expected.keys()
    assert all(weight is expected[each] for each, weight in found.items())
    of_heads, of_neurons = ROWS.get(name, (4, 2))
    assert sum(weight.numel() for weight in found.values()) == LAYERS * WIDTH * (
        of_heads * WIDTH + of_neurons * NEURONS
    )
    words = families.prunable(model, embeddings=True)
    assert [weight is model.get_input_embeddings().weight for weight in words.values()].count(True) == 1
    places = [families.kind_and_layer(each) for each in words]
    assert [layer for _, layer in places if layer is not None] == sorted([0, 1] * (len(found) // LAYERS))
    kinds = families.in_order(kind for kind, _ in places)
    assert {*kinds} == {kind for kind, _ in places}
    assert kinds[-1] == "word embeddings"
    for kind in families.KINDS:
        rows, columns = (NEURONS if kind == "intermediate" else WIDTH), (NEURONS if kind == "output" else WIDTH)
        assert families.matrix(found, model.config, 1, kind).shape == (rows, columns)


@EVERY
def test_a_mask_of_weights_leaves_zeros_and_nothing_else_changed(name):
    model = built(name)
    weights = families.prunable(model, embeddings=True)
    before = {each: weight.detach().clone() for each, weight in model.named_parameters()}
    mask = masks.keep_highest_in_each({each: weight.detach().abs() for each, weight in weights.items()}, 0.6)
    pruning.remove(weights, mask)
    own = {id(weight): mask[each] for each, weight in weights.items()}
    for each, weight in model.named_parameters():
        kept = own.get(id(weight), torch.ones_like(weight, dtype=torch.bool))
        assert torch.equal(weight, before[each] * kept)
        if id(weight) in own:
            assert int((~kept).sum()) == round(0.6 * kept.numel())
            assert before[each][kept].abs().min() >= before[each][~kept].abs().max()


@EVERY
def test_gated_removed_and_cut_out_components_give_the_same_answers(name):
    given = batches([(3, 9)])
    for seed in range(6):
        model = built(name)
        kept = drawn(model, seed, empty=seed > 1)
        (whole,) = answers(model, given)
        with components.gated(model, floats(kept)):
            (gated,) = answers(model, given)
        small = components.sliced(model, kept)
        (cut,) = answers(small, given)
        assert torch.allclose(gated, cut, atol=1e-5)
        assert not torch.allclose(whole, cut, atol=1e-2)
        weights = [families.prunable(each, embeddings=False, pooler=False) for each in (model, small)]
        sizes = [sum(weight.numel() for weight in each.values()) for each in weights]
        assert sizes[1] / sizes[0] == pytest.approx(components.share_kept(kept, model.config))
        components.remove(model, kept)
        (removed,) = answers(model, given)
        assert torch.allclose(gated, removed, atol=1e-5)
        totals = components.totals({n: (w != 0).float() for n, w in weights[0].items()}, model.config)
        assert sum(int(total.sum()) for kind, total in totals.items() if kind != "mlps") == sizes[1]


@EVERY
def test_what_belongs_to_a_head_is_what_counts_while_it_is_heard(name):
    """All of a head's weights are set anew: with its gate at 0 that changes nothing, with another's it does."""
    model, given = built(name), batches([(2, 8)])
    weights = families.prunable(model, embeddings=False, pooler=False)
    numbers = iter(range(1, 10**9))
    numbered = {each: torch.tensor([next(numbers) for _ in range(w.numel())]).view_as(w) for each, w in weights.items()}
    of_heads = families.by_head(numbered, model.config)
    every = torch.cat([*of_heads.values()])
    assert len(every) == len(every.unique()) == LAYERS * ROWS.get(name, (4, 2))[0] * WIDTH**2
    assert {len(own) for own in of_heads.values()} == {len(every) // (LAYERS * HEADS)}
    changed = []
    for silent in (2, 1):
        gates = floats(components.everything(model.config))
        gates["heads"][1, silent] = 0
        with components.gated(model, gates):
            (before,) = answers(model, given)
            old = {each: weight.detach().clone() for each, weight in weights.items()}
            with torch.no_grad():
                for each, weight in weights.items():
                    weight[torch.isin(numbered[each], of_heads[1, 2])] += 1
            (after,) = answers(model, given)
            with torch.no_grad():
                for each, weight in weights.items():
                    weight.copy_(old[each])
        changed.append(not torch.allclose(before, after, atol=1e-5))
    assert changed == [False, True]


@EVERY
def test_importance_in_one_pass_is_that_of_a_loop_over_single_examples(name):
    model, data = built(name), examples(name)
    kept = drawn(model, 3, empty=False)
    kept["mlps"][:] = True
    found = sensitivity.per_example(model, data, kept)
    for position, ids in enumerate(data.sequences["input_ids"]):
        gates = {kind: gate.requires_grad_() for kind, gate in floats(kept).items()}
        with components.gated(model, gates):
            loss = cross_entropy(model(input_ids=ids[None]).logits, data.numbers["labels"][[position]])
        for (kind, stays), gradient in zip(kept.items(), torch.autograd.grad(loss, [*gates.values()]), strict=True):
            assert torch.allclose(found[kind][position][stays], gradient[stays], atol=1e-5)
            assert found[kind][position][~stays].isnan().all()


@EVERY
def test_a_search_runs(name):
    model, data = built(name), examples(name)
    (batch,) = [data.batch([*range(len(data))])]
    labels = batch.pop("labels")

    def look(kept):
        small = components.sliced(model, kept)
        with torch.no_grad():
            right = small(**batch).logits.softmax(-1)[torch.arange(len(labels)), labels].mean().item()
        importance = sensitivity.per_example(model, data, kept)
        return right, {kind: each.abs().mean(0) for kind, each in importance.items()}

    whole = components.everything(model.config, neurons=True)
    steps = component_search.search(
        look, whole, mode="heads and neurons", heads_at_once=2, neurons_at_once=12, share=0.7
    )
    assert len(steps) > 1
    assert component_search.last_accepted(steps).score >= 0.7 * steps[0].score


@EVERY
def test_maps_of_attention_sum_to_the_output_of_the_attention(name):
    model, data = built(name), examples(name)
    raw, normed = (dict(way(model, data, batch_size=3)) for way in (attention_maps.raw, attention_maps.normed))
    out, _ = families.column_parts(model.config)
    (value,) = [part for part in families.parts(model.config) if "value" in part.kinds]
    seen, handles = [], []
    for layer in range(LAYERS):
        block = families.block(model, layer)
        first, last = block.get_submodule(value.module), block.get_submodule(out.module)
        handles.append(first.register_forward_hook(lambda _, __, values: seen.append([values[0]])))
        handles.append(last.register_forward_hook(lambda m, __, output: seen[-1].extend((output[0], m))))
    for position, ids in enumerate(data.sequences["input_ids"]):
        seen.clear()
        with torch.no_grad():
            model(input_ids=ids[None])
        for layer, (values, output, matrix) in enumerate(seen):
            total = torch.zeros_like(output)
            for head in range(HEADS):
                own = slice(head * SIZE, (head + 1) * SIZE)
                transformed = values[:, -WIDTH:][:, own] @ matrix.weight[:, own].T  # of what is fused, values are last
                alpha = raw[position][layer, head]
                assert torch.allclose(alpha.sum(-1), torch.ones(len(ids)), atol=1e-5)
                vectors = alpha[:, :, None] * transformed
                assert torch.allclose(normed[position][layer, head], vectors.norm(dim=-1), atol=1e-5)
                total += vectors.sum(1)
            assert torch.allclose(total + (0 if matrix.bias is None else matrix.bias), output, atol=1e-5)
    for handle in handles:
        handle.remove()


@EVERY
def test_the_head_that_fills_in_words_is_the_one_of_pre_training(name, tokenizer, tmp_path):
    model = built(name, AutoModelForMaskedLM)
    opening.save(model, tokenizer, tmp_path)
    (batch,) = batches([(2, 7)])
    if name in WITHOUT_WORDS:
        with pytest.raises(ValueError, match=r"not to fill in hidden ones: .* give BERT, RoBERTa"):
            opening.for_pretraining(str(tmp_path))
        return
    opened = opening.for_pretraining(str(tmp_path)).eval()
    with torch.no_grad():
        expected = model(**batch).logits
        found = families.mlm_head(opened)(opened.base_model(**batch).last_hidden_state)
    assert torch.allclose(found, expected, atol=1e-5)
    opening.for_words(str(tmp_path))
    assert opening.for_classes(str(tmp_path), ("no", "yes")).config.id2label == {0: "no", 1: "yes"}
    assert opening.for_spans(str(tmp_path))(**batch).start_logits.shape == (2, 7)


@EVERY
def test_a_cut_model_is_saved_and_opened_again_and_its_classes_are_told(name, tokenizer, tmp_path):
    model, given = built(name), batches()
    model.config.id2label, model.config.label2id = {0: "no", 1: "yes"}, {"no": 0, "yes": 1}
    for seed in (2, 3, 4):
        small = components.sliced(model, drawn(model, seed, empty=True))
        opening.save(small, tokenizer, tmp_path / str(seed))
        again = opening.as_saved(str(tmp_path / str(seed))).eval()
        assert all(map(torch.equal, answers(small, given), answers(again, given)))
        assert [p.shape for p in small.parameters()] == [p.shape for p in again.parameters()]
        turned = opening.for_classes(str(tmp_path / str(seed)), ("yes", "no")).eval()
        for one, other in zip(answers(small, given), answers(turned, given), strict=True):
            assert torch.allclose(one, other.flip(-1), atol=1e-6)


def equal_neurons(model):
    kept = components.everything(model.config, neurons=True)
    kept["neurons"][0, ::2], kept["neurons"][1, 12:] = False, False
    return components.sliced(model, kept)


def last_layer_gone(model):
    slices.drop_layers(model, torch.tensor([True, False]))
    return model


# What a program opens that knows transformers alone. The exports of BERT and DistilBERT have tests of their own, and
# RoBERTa's kin differ from BERT in nothing that an export is made of.
EXPORTED = ("mpnet", "modernbert", "deberta-v3")
FORMS = dict.fromkeys(MADE, ("stock",)) | dict.fromkeys(EXPORTED, ("stock", "pt2", "onnx"))


def test_other_programs_open_what_is_saved_and_give_the_same_answers(tokenizer, tmp_path, stranger):
    forms = tmp_path / "forms"
    expected, given = {}, {}
    for name, wanted in FORMS.items():
        given[name] = batches(kinds=getattr(config(name), "type_vocab_size", 0))
        small = equal_neurons(built(name)) if len(expected) % 2 else last_layer_gone(built(name))
        opening.save(small, tokenizer, forms / name / "stock")
        assert not (forms / name / "stock" / slices.KEPT).exists()
        expected[name, "stock"] = answers(small, given[name])
        try:
            exporting.require(["onnx"])
        except ValueError:
            wanted = [form for form in wanted if form != "onnx"]
        if others := [form for form in wanted if form != "stock"]:
            model = built(name, num_hidden_layers=1)  # an export takes seconds a layer
            kept = drawn(model, 5, empty=False)
            assert kept["heads"].any()
            assert not slices.is_stock(kept)
            uneven = components.sliced(model, kept)
            exporting.write(uneven, tokenizer, forms / name, others)
            expected |= {(name, form): answers(uneven, given[name]) for form in others}
    torch.save(given, tmp_path / "batches.pt")
    stranger(STRANGER, forms, tmp_path / "batches.pt", tmp_path / "found.pt", folder=tmp_path)
    found = torch.load(tmp_path / "found.pt")
    assert found.keys() == expected.keys()
    for (name, form), logits in found.items():
        for one, other in zip(logits, expected[name, form], strict=True):
            assert torch.allclose(one, other, atol=1e-5), (name, form)


def test_the_first_layer_of_a_family_that_is_built_otherwise_stays():
    with pytest.raises(ValueError, match="the first layer of ModernBERT is built otherwise"):
        slices.drop_layers(built("modernbert"), torch.tensor([False, True]))


def test_positions_are_counted_as_the_family_does():
    for name in MADE:
        shifted = name in ("roberta", "xlm-roberta", "camembert", "mpnet")
        longest = 38 if shifted else 40
        families.check_length(config(name), longest)
        (logits,) = answers(built(name), [{"input_ids": torch.arange(5, 5 + longest)[None]}])
        assert logits.isfinite().all()
        with pytest.raises(ValueError, match=f"positions for {longest} tokens"):
            families.check_length(config(name), longest + 1)


@pytest.mark.parametrize("kind", ["t5", "gpt2", "albert"])
def test_another_family_gets_one_sentence_that_lists_what_can_be_had(kind):
    with pytest.raises(ValueError, match=f"'x' is a model of the type '{kind}', ") as error:
        families.family(kind, "'x'")
    assert "\n" not in str(error.value)
    assert all(family.title in str(error.value) for family in families.FAMILIES.values())
    assert ("one and the same" in str(error.value)) == (kind == "albert")
