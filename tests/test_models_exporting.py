"""Exports: opened in a process that does not know lottery, on several batch sizes and lengths, against the model."""

import importlib.util

import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

from lottery.models import exporting
from lottery.pruning import components

SHAPES = [(1, 3), (5, 17), (32, 38)]
STRANGER = """
import sys, torch
from pathlib import Path
from transformers.exporters.base import ExportedModel
folder, batches = Path(sys.argv[1]), torch.load(sys.argv[2])
found = {}
for form in sorted(path.name for path in folder.iterdir() if path.is_dir()):
    model = ExportedModel.from_pretrained(folder / form)
    found[form] = [model(**batch).logits for batch in batches]
    if form != "pt2":
        import onnxruntime
        session = onnxruntime.InferenceSession(folder / form / "model.onnx")
        names = [each.name for each in session.get_inputs()]
        found[form + ", plain"] = [
            torch.from_numpy(session.run(["logits"], {name: batch[name].numpy() for name in names})[0])
            for batch in batches
        ]
torch.save(found, sys.argv[3])
assert "lottery" not in sys.modules
"""


def needs_onnx():
    if missing := [name for name in exporting.PACKAGES if importlib.util.find_spec(name) is None]:
        pytest.skip(f"the extra onnx is not installed: {', '.join(missing)}")


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(1)
    made = []
    for shape in SHAPES:
        ids = torch.randint(5, 55, shape, generator=generator)
        mask = torch.ones_like(ids)
        mask[1::2, shape[1] // 2 :] = 0
        made.append({"input_ids": ids, "attention_mask": mask, "token_type_ids": (ids > 30).long()})
    return made


def uneven(model):
    kept = {
        "heads": torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0]]).bool(),
        "mlps": torch.tensor([True, False]),
        "neurons": torch.arange(48).view(2, 24) % 3 > 0,
    }
    return components.sliced(model, kept)


@pytest.fixture
def opened(stranger, tmp_path):
    """From a folder of exports and batches to {form: the answers that a program without lottery has}."""

    def opened(folder, batches):
        torch.save(batches, tmp_path / "batches.pt")
        stranger(STRANGER, folder, tmp_path / "batches.pt", tmp_path / "found.pt", folder=tmp_path)
        return torch.load(tmp_path / "found.pt")

    return opened


def test_every_form_of_an_uneven_bert_answers_as_it_does(config, batches, tokenizer, tmp_path, capfd, opened):
    needs_onnx()
    torch.manual_seed(0)
    model = BertForSequenceClassification(config)  # of weights too small for 8 bits to hit saturated attention
    with torch.no_grad():
        model.classifier.weight.mul_(30)
        model.classifier.weight[1].mul_(1e-3)  # one scale for the whole matrix would leave nothing of this row
    small = uneven(model).train()
    capfd.readouterr()
    exporting.write(small, tokenizer, tmp_path / "forms", ["pt2", "onnx", "int8"])
    assert small.training
    assert capfd.readouterr().out == ""
    found = opened(tmp_path / "forms", batches)
    assert len(found) == 5
    with torch.no_grad():
        expected = [small.eval()(**batch).logits for batch in batches]
    for form, logits in found.items():
        if form.startswith("int8"):
            one, other = torch.cat(logits), torch.cat(expected)
            assert ((one - other).norm(dim=0) > 0).all()
            assert ((one - other).norm(dim=0) < 0.8 * other.norm(dim=0)).all()  # 8 bits of 16 numbers are few
            continue
        for one, other in zip(logits, expected, strict=True):
            assert torch.allclose(one, other, atol=1e-5)
            assert form != "pt2" or torch.equal(one, other)
    assert AutoTokenizer.from_pretrained(tmp_path / "forms" / "int8")("w1 w2") == tokenizer("w1 w2")


def test_onnx_runtime_fuses_no_add_with_a_layer_norm(config, tokenizer, tmp_path):
    """What it makes of a graph when it opens it, as it writes that down: its fused operation is a slow one."""
    needs_onnx()
    import onnx
    import onnxruntime

    config.num_hidden_layers = 1  # an export takes seconds a layer
    model = BertForSequenceClassification(config)
    exporting.write(model, tokenizer, tmp_path, ["onnx", "int8"])
    for form in ("onnx", "int8"):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(tmp_path / "opened.onnx")
        onnxruntime.InferenceSession(tmp_path / form / "model.onnx", options)
        made = [node.op_type for node in onnx.load(tmp_path / "opened.onnx", load_external_data=False).graph.node]
        assert made.count("LayerNormalization") == 1 + 2 * config.num_hidden_layers
        assert not [name for name in made if "Skip" in name]


def test_pt2_needs_no_package_more_and_another_family_is_exported_too(
    batches, tokenizer, tmp_path, monkeypatch, opened
):
    monkeypatch.setattr(exporting, "PACKAGES", ("onnx_that_is_not_there",))
    torch.manual_seed(0)
    config = DistilBertConfig(vocab_size=60, dim=16, n_layers=2, n_heads=4, hidden_dim=24, max_position_embeddings=40)
    small = uneven(DistilBertForSequenceClassification(config).eval())
    exporting.write(small, tokenizer, tmp_path / "forms", ["pt2"])
    found = opened(tmp_path / "forms", [{n: b[n] for n in ("input_ids", "attention_mask")} for b in batches])
    with torch.no_grad():
        for logits, batch in zip(found["pt2"], batches, strict=True):
            assert torch.equal(logits, small(batch["input_ids"], batch["attention_mask"]).logits)
    for form in ("onnx", "int8"):
        with pytest.raises(ValueError, match=r"onnx_that_is_not_there is missing: pip install 'lottery\[onnx\]'"):
            exporting.write(small, tokenizer, tmp_path / "more", [form])
    assert not (tmp_path / "more").exists()


def test_an_export_that_lost_a_number_is_made_again_and_no_other(config, tokenizer, tmp_path, monkeypatch):
    from transformers import exporters

    export, said = exporters.DynamoExporter.export, [f"We found {exporting.LOST}'s constants", "another", "another"]

    def failing(*given, **named):
        if said:
            raise RuntimeError(said.pop(0))
        return export(*given, **named)

    monkeypatch.setattr(exporters.DynamoExporter, "export", failing)
    config.num_hidden_layers = 1
    model = BertForSequenceClassification(config)
    with pytest.raises(ValueError, match="another"):
        exporting.write(model, tokenizer, tmp_path, ["pt2"])
    assert said == ["another"]
    said[:] = [f"We found {exporting.LOST}'s constants"]
    exporting.write(model, tokenizer, tmp_path, ["pt2"])
    assert (tmp_path / "pt2").is_dir()


def test_an_exporter_that_fails_says_which_form_works_instead(bert_folder, tokenizer, tmp_path, monkeypatch):
    from transformers import exporters

    def fail(*_, **__):
        raise RuntimeError("aten::strange is not known\nand more")

    monkeypatch.setattr(exporters.DynamoExporter, "export", fail)
    model = BertForSequenceClassification.from_pretrained(bert_folder)
    with pytest.raises(ValueError, match=r"exported as pt2 \(aten::strange is not known\): leave this form out;"):
        exporting.write(model, tokenizer, tmp_path / "forms", ["pt2"])
    assert not (tmp_path / "forms").exists()
