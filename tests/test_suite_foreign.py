"""`lottery ticket import`, and `lottery agreement` of masks that other programs have left."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.utils import prune
from transformers import BertConfig, BertForSequenceClassification, BertModel

from lottery.masks import files as mask_files
from lottery.models import families
from lottery.suite import foreign


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def imported(lottery, here):
    def read(source, *more):
        code, told, error = lottery("ticket", "import", str(source), "-o", "t.safetensors", "--force", *more)
        assert (code, error) == (0, "")
        assert "removed" in told
        return mask_files.load(here / "t.safetensors")

    return read


@pytest.fixture
def refused(lottery):
    def read(source, *more):
        code, _, error = lottery("ticket", "import", str(source), "-o", "t.safetensors", *more)
        assert (code, "Traceback" in error) == (2, False)
        return error

    return read


def random_mask(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weights = families.prunable(model, embeddings=False, pooler=False)
    return {name: torch.rand(weight.shape, generator=generator) < 0.4 for name, weight in weights.items()}


def as_smp(mask, file):
    """As its authors export one: names of the scores sorted, the bits of all end to end."""
    scores = {f"bert.{name.removesuffix('.weight')}.mask_scores": kept for name, kept in mask.items()}
    np.save(file, np.packbits(torch.cat([scores[name].view(-1) for name in sorted(scores)]).numpy()))


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_masks_of_smp_are_read_in_the_shape_of_the_model_named(imported, refused, here, bert_folder):
    mask = random_mask(BertModel.from_pretrained(bert_folder))
    as_smp(mask, here / "mnli_0.50.npy")
    found, header = imported("mnli_0.50.npy", "--model", bert_folder)
    assert same(found, mask)
    assert header["method"] == "SMP, imported"
    assert "say of which --model" in refused("mnli_0.50.npy", "--force")


def test_those_that_are_published_are_of_bert_base():
    with torch.device("meta"):
        weights = families.prunable(BertModel(BertConfig()), embeddings=False, pooler=False)
    assert sum(weight.numel() for weight in weights.values()) == foreign.BERT_BASE
    assert foreign._shapes("", np.zeros(10_616_832, np.uint8), Path("a.npy")) == {
        n: tuple(w.shape) for n, w in weights.items()
    }


def test_published_masks_of_heads_and_mlps_are_read(imported, refused, here, reference):
    (here / "both").mkdir()
    (here / "mlps").mkdir()
    with np.load(reference("reference/prasanna2020/masks.npz")) as masks:
        heads, mlps = (masks[f"heads_mlps/CoLA/42/{kind}"] for kind in ("head_mask", "mlp_mask"))
        np.save(here / "mlps/mlp_mask.npy", masks["mlps/CoLA/42/mlp_mask"])
    np.save(here / "both/head_mask.npy", heads.astype(float))
    np.save(here / "both/mlp_mask.npy", mlps)
    found, _ = imported("both")
    assert np.array_equal(found["heads"].numpy(), heads == 1)
    assert np.array_equal(found["mlps"].numpy(), mlps == 1)
    assert imported("both/head_mask.npy")[0]["mlps"].all()
    assert "for the number of its heads" in refused("mlps", "--force")


def test_what_torch_has_pruned_is_read_from_its_state_and_from_a_folder(imported, here, bert_folder):
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(bert_folder)
    layer = model.bert.encoder.layer[1].output.dense
    prune.random_unstructured(layer, "weight", amount=0.5)
    torch.save(model.state_dict(), here / "state.pt")
    save_file(model.state_dict(), here / "state.safetensors")
    model.save_pretrained(here / "kept")
    expected = layer.weight_mask.bool()
    prune.remove(layer, "weight")
    model.save_pretrained(here / "zeros")
    for source in ("state.pt", "state.safetensors", "kept", "zeros"):
        found, _ = imported(source)
        assert len(found) == 12
        assert torch.equal(found["encoder.layer.1.output.dense.weight"], expected)
        assert sum(int((~kept).sum()) for kept in found.values()) == int((~expected).sum())


class Strange:
    """What only a pickle can hold."""


def test_nothing_else_is_read(refused, here, bert_folder, monkeypatch):
    np.save(here / "objects.npy", np.array([Strange()], dtype=object))
    torch.save({"a": Strange()}, here / "object.pt")
    torch.save([torch.ones(2)], here / "list.pt")
    (here / "text.npy").write_text("no array")
    np.savez(here / "two.npz", heads=np.ones(2), mlps=np.ones(2))
    (here / "two.npz").rename(here / "two.npy")
    (here / "text.bin").write_text("no tensors")
    (here / "mask.npy.zip").write_text("")
    mask_files.save(here / "ours.safetensors", {"a": torch.ones(2)}, model="m", method="by hand", asked=0.0, seed=0)
    assert "not unpickled" in refused("objects.npy")
    assert "no array of numpy" in refused("text.npy")
    assert "no array of numpy" in refused("two.npy")
    assert "nothing else is unpickled" in refused("object.pt")
    assert "nothing else is unpickled" in refused("text.bin")
    assert "save `model.state_dict()`" in refused("list.pt")
    assert "unpack it first" in refused("mask.npy.zip")
    assert "does not exist" in refused("gone.npy")
    assert "already" in refused("ours.safetensors")
    assert "nothing is removed" in refused(bert_folder)
    (here / "strange").mkdir()
    (here / "strange/config.json").write_text("{}")
    (here / "both").mkdir()
    (here / "both/head_mask.npy").write_text("no array")
    np.save(here / "long.npy", np.ones(5, dtype=np.uint8))
    for name in ("text.npy", "object.pt", "list.pt", bert_folder, "strange", "both", "long.npy"):
        assert refused(name).count(Path(name).name) == 1
    assert "both/head_mask.npy" in refused("both")
    assert not (here / "t.safetensors").exists()


def test_agreement_takes_them_beside_our_own(lottery, here, bert_folder):
    model = BertModel.from_pretrained(bert_folder)
    ours, theirs = random_mask(model, 1), random_mask(model, 2)
    mask_files.save(here / "ours.safetensors", ours, model="m", method="by hand", asked=0.6, seed=0)
    save_file({f"bert.{name}_mask": kept.float() for name, kept in theirs.items()}, here / "theirs.safetensors")
    code, told, error = lottery("agreement", "ours.safetensors", "theirs.safetensors")
    assert (code, error) == (0, "")
    shared = sum(int((ours[name] & theirs[name]).sum()) for name in ours)
    assert f"{shared:,}" in told
