"""Gates and slices of heads, MLPs and neurons: against heads computed one by one, and against each other."""

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from lottery import masks
from lottery.models import families, state
from lottery.pruning import components


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(bert_folder).eval()


def other(kind):
    torch.manual_seed(0)
    if kind == "distilbert":
        config = DistilBertConfig(
            vocab_size=60, dim=16, n_layers=2, n_heads=4, hidden_dim=24, max_position_embeddings=40
        )
        return DistilBertForSequenceClassification(config).eval()
    config = RobertaConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=40,
    )
    return RobertaForSequenceClassification(config).eval()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 55, (3, 9), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([0, 1, 1])}


def some(seed, model, empty=None, *, neurons=False):
    """A mask of components, drawn; where `empty` is given, without heads of that layer and neurons of the other."""
    generator = torch.Generator().manual_seed(seed)
    shapes = components.shapes(model.config, neurons=neurons)
    kept = {name: torch.rand(shape, generator=generator) > 0.5 for name, shape in shapes.items()}
    if empty is not None:
        kept["heads"][empty] = False
        if neurons:
            kept["neurons"][1 - empty], kept["mlps"][1 - empty] = False, True
    return kept


def floats(kept):
    return {name: tensor.float() for name, tensor in kept.items()}


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
@pytest.mark.parametrize("neurons", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_model_without_the_weights_of_components_answers_as_with_their_gates_at_0(kind, neurons, seed, model, batch):
    model = model if kind == "bert" else other(kind)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed))
    kept = some(seed, model, empty=1 if seed == 0 else None, neurons=neurons)
    before = state.snapshot(model)
    with torch.no_grad(), components.gated(model, floats(kept)):
        expected = model(**batch).logits
    components.remove(model, kept)
    with torch.no_grad():
        assert model(**batch).logits == pytest.approx(expected, abs=1e-6)
    counts = components.totals(
        {n: (w != 0).float() for n, w in families.prunable(model, embeddings=False).items()}, model.config
    )
    whole = components.parameters(model.config)
    for name, stays in kept.items():
        if name == "mlps" and neurons:
            assert (counts[name] == 32 * (kept["neurons"] & stays[:, None]).sum(1)).all()
        else:
            assert (counts[name] == whole[name] * (stays & kept["mlps"][:, None] if name == "neurons" else stays)).all()
    for name, tensor in model.state_dict().items():
        assert ((tensor == before[name]) | (tensor == 0)).all()
    family = families.FAMILIES[model.config.model_type]
    for layer, heads in enumerate(kept["heads"]):
        for part in family.parts[:3]:
            bias = model.base_model.get_parameter(f"{family.layers}.{layer}.{part.module}.bias")
            assert (bias.view(4, 4) != 0).any(1).tolist() == heads.tolist()


def test_the_weights_of_another_models_components_are_not_removed(model):
    before = state.snapshot(model)
    with pytest.raises(ValueError, match="of another model"):
        components.remove(model, {"heads": torch.zeros(3, 4).bool(), "mlps": torch.zeros(3).bool()})
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@torch.no_grad()
def by_hand(model, hidden, gates, layer):
    """One layer of BERT, head by head, from its matrices."""
    block, size = model.bert.encoder.layer[layer], 4
    attention = block.attention
    query, key, value = (getattr(attention.self, name)(hidden) for name in ("query", "key", "value"))
    out = torch.zeros_like(hidden) + attention.output.dense.bias
    for head in range(4):
        own = slice(head * size, (head + 1) * size)
        weights = (query[..., own] @ key[..., own].transpose(-1, -2) / size**0.5).softmax(-1)
        each = weights @ value[..., own] @ attention.output.dense.weight[:, own].T
        out = out + gates["heads"][layer, head] * each
    middle = attention.output.LayerNorm(out + hidden)
    inner = block.output.dense(gates["neurons"][layer] * torch.nn.functional.gelu(block.intermediate.dense(middle)))
    return block.output.LayerNorm(gates["mlps"][layer] * inner + middle)


def test_gates_multiply_the_output_of_each_head_each_neuron_and_each_mlp(model, batch):
    generator = torch.Generator().manual_seed(5)
    shapes = components.shapes(model.config, neurons=True)
    gates = {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}
    ids = batch["input_ids"]
    with torch.no_grad():
        with components.gated(model, gates):
            found = model.bert(ids).last_hidden_state
        hidden = model.bert.embeddings(ids)
    for layer in range(2):
        hidden = by_hand(model, hidden, gates, layer)
    assert torch.allclose(found, hidden, atol=1e-5)
    with torch.no_grad():
        assert not torch.allclose(model.bert(ids).last_hidden_state, found, atol=1e-2)


def test_a_gate_of_its_own_reaches_one_example_or_one_token_only(model, batch):
    del batch["labels"]
    whole = floats(components.everything(model.config))
    with torch.no_grad():
        before = model(**batch).logits
        each = {name: gate.expand(3, *gate.shape).clone() for name, gate in whole.items()}
        each["heads"][1, 0, 2], each["mlps"][1, 1] = 0.0, 0.5
        with components.gated(model, each):
            after = model(**batch).logits
        one = floats(components.everything(model.config))
        one["heads"][0, 2], one["mlps"][1] = 0.0, 0.5
        with components.gated(model, one):
            alike = model(**batch).logits
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert torch.allclose(after[1], alike[1], atol=1e-6)
    assert not torch.allclose(before[1], after[1], atol=1e-3)
    tokens = {name: gate.expand(3, 9, *gate.shape).clone() for name, gate in whole.items()}
    tokens["mlps"][0, 4, 1] = 0.0  # of the last layer: it reaches no other token, and the classifier reads the first
    with torch.no_grad(), components.gated(model, tokens):
        assert torch.equal(model(**batch).logits, before)
        hidden = model.bert(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    with torch.no_grad():
        usual = model.bert(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    changed = (hidden - usual).abs().amax(-1) > 1e-6
    assert changed.nonzero().tolist() == [[0, 4]]


def test_the_block_leaves_no_hook_behind(model):
    with pytest.raises(KeyError), components.gated(model, {}):
        pass
    with components.gated(model, floats(components.everything(model.config))):
        pass
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
@pytest.mark.parametrize("empty", [None, 0, 1])
@pytest.mark.parametrize("neurons", [False, True])
def test_what_is_cut_out_and_what_is_gated_give_the_same_answers(model, batch, kind, empty, neurons):
    whole = model if kind == "bert" else other(kind)
    for seed in range(4):
        kept = some(seed, whole, empty, neurons=neurons)
        small = components.sliced(whole, kept)
        with torch.no_grad():
            with components.gated(whole, floats(kept)):
                gated = whole(**batch)
            cut = small(**batch)
        assert torch.allclose(gated.logits, cut.logits, atol=1e-5)
        assert torch.allclose(gated.loss, cut.loss, atol=1e-5)
        count = sum(p.numel() for p in whole.parameters()) - sum(p.numel() for p in small.parameters())
        heads, mlps = (int((~kept[name]).sum()) for name in ("heads", "mlps"))
        # A head: 4 rows of three matrices of 16 with their biases, 4 columns of a fourth; an MLP: all, and both biases.
        inner = 2 * 24 - int((kept["neurons"] & kept["mlps"][:, None]).sum()) if neurons else 24 * mlps
        assert count == heads * (3 * (4 * 16 + 4) + 4 * 16) + inner * (2 * 16 + 1) + mlps * 16


def test_a_layer_without_heads_still_adds_its_bias_but_not_in_the_released_way(model, batch):
    kept = components.everything(model.config)
    kept["heads"][1] = False
    with torch.no_grad():
        model.bert.encoder.layer[1].attention.output.dense.bias += 0.7 * torch.arange(16)
        stated, released = (components.sliced(model, kept, released=way) for way in (False, True))
        before = stated(**batch).logits
        assert not torch.allclose(before, released(**batch).logits, atol=1e-3)
        model.bert.encoder.layer[1].attention.output.dense.bias.zero_()
        assert torch.allclose(components.sliced(model, kept)(**batch).logits, released(**batch).logits, atol=1e-5)


def test_a_slice_leaves_the_model_as_it_was_and_can_be_trained(model, batch):
    before = state.snapshot(model)
    small = components.sliced(model, some(3, model, empty=0)).train()
    optimizer = torch.optim.AdamW(small.parameters(), lr=0.1, fused=True)
    small(**batch).loss.backward()
    torch.nn.utils.clip_grad_norm_(small.parameters(), 1.0)
    optimizer.step()
    assert all(torch.isfinite(parameter).all() for parameter in small.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert len(families.prunable(small, embeddings=True)) == len(families.prunable(model, embeddings=True))


def test_shares_and_totals_are_counted_weight_by_weight(model):
    weights = {name: w.detach() for name, w in families.prunable(model, embeddings=False, pooler=False).items()}
    sums = components.totals(weights, model.config)
    assert {name: tuple(total.shape) for name, total in sums.items()} == components.shapes(model.config, neurons=True)
    for layer in range(2):
        attention = [
            weights[f"encoder.layer.{layer}.attention.{name}.weight"]
            for name in ("self.query", "self.key", "self.value", "output.dense")
        ]
        for head in range(4):
            total = 0.0
            for matrix, name in zip(attention, "qkvo", strict=True):
                for row in range(16):
                    for column in range(16):
                        if (column if name == "o" else row) // 4 == head:
                            total += matrix[row, column].item()
            assert sums["heads"][layer, head].item() == pytest.approx(total, abs=1e-3)
        mlp = [weights[f"encoder.layer.{layer}.{name}.dense.weight"] for name in ("intermediate", "output")]
        assert sums["mlps"][layer].item() == pytest.approx(sum(m.sum().item() for m in mlp), abs=1e-3)
        for neuron in range(24):
            total = sum(mlp[0][neuron].tolist()) + sum(mlp[1][:, neuron].tolist())
            assert sums["neurons"][layer, neuron].item() == pytest.approx(total, abs=1e-3)
    kept = components.everything(model.config)
    assert components.share_kept(kept, model.config) == 1
    kept["heads"][0, :3], kept["mlps"][1] = False, False
    each = components.parameters(model.config)
    assert each == {"heads": 4 * 4 * 16, "mlps": 2 * 16 * 24, "neurons": 2 * 16}
    assert components.share_kept(kept, model.config) == pytest.approx((5 * 256 + 768) / (8 * 256 + 2 * 768))
    kept["neurons"] = torch.ones(2, 24, dtype=torch.bool)
    assert components.share_kept(kept, model.config) == pytest.approx((5 * 256 + 768) / (8 * 256 + 2 * 768))
    kept["neurons"][:, :6] = False
    assert components.share_kept(kept, model.config) == pytest.approx((5 * 256 + 18 * 32) / (8 * 256 + 2 * 768))
    assert (
        sum(matrix.numel() for matrix in weights.values())
        == 8 * 256 + 2 * 768
        == components.matrix_weights(model.config)
    )


def test_bert_base_has_as_many_weights_in_its_matrices_as_the_paper_counts():
    """84,934,656 bits in a mask (Jiang et al. 2023, released code): 72 matrices."""
    assert components.matrix_weights(BertConfig()) == 12 * (4 * 768 * 768 + 2 * 768 * 3072) == 84_934_656


def test_a_mask_of_another_model_is_refused(model):
    kept = components.everything(model.config)
    for wrong in (
        {"heads": kept["heads"]},
        {"heads": kept["heads"][:1], "mlps": kept["mlps"]},
        kept | {"neurons": kept["mlps"]},
    ):
        with pytest.raises(ValueError, match="another model"):
            components.sliced(model, wrong)


def test_a_mask_is_parted_into_components_and_weights():
    ones = torch.ones(2, dtype=torch.bool)
    parts, weights = masks.parted({"mlps": ones, "a.weight": ~ones, "heads": ones, "neurons": ones})
    assert parts.keys() == {"heads", "mlps", "neurons"}
    assert weights.keys() == {"a.weight"}
    assert masks.parted({}) == ({}, {})


@pytest.mark.parametrize("kind", [torch.float32, torch.uint8, torch.int64])
def test_a_mask_of_zeros_and_ones_cuts_what_the_same_bools_cut(kind, model, batch):
    kept = some(3, model)
    numbers = {name: tensor.to(kind) for name, tensor in kept.items()}
    with torch.no_grad():
        assert torch.equal(
            components.sliced(model, numbers)(**batch).logits, components.sliced(model, kept)(**batch).logits
        )
        components.remove(model, numbers)
        logits = model(**batch).logits
        components.remove(model, kept)
        assert torch.equal(model(**batch).logits, logits)
        assert components.sliced(model, kept)(**batch).logits == pytest.approx(logits, abs=1e-6)
    with pytest.raises(ValueError, match="mask of 'heads' holds other numbers"):
        components.sliced(model, kept | {"heads": kept["heads"] * 0.5})
