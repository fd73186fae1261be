"""Exports: a model as one graph, in files that programs without its code run, whatever widths its layers have."""

from __future__ import annotations

import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from lottery.choices import listed
from lottery.models import opening, timing

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from transformers.exporters.base import ExportedModel

# pt2: what torch.export makes. onnx: for ONNX Runtime and others. int8: the same with weights of 8 bits and numbers in
# between scaled to 8 bits as they come (dynamic quantisation).
Form = Literal["pt2", "onnx", "int8"]
# What torch says where it has lost a number of the graph while following it: one export in some fifty, and not again.
LOST = "a fake tensor in the exported program"
PACKAGES = ("onnx", "onnxscript", "onnxruntime")  # the extra `onnx`


def require(forms: list[Form]) -> None:
    """Raise ValueError where packages are missing that a form needs."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing and {"onnx", "int8"} & {*forms}:
        raise ValueError(
            f"for ONNX {listed(missing)} {'is' if len(missing) == 1 else 'are'} missing: pip install 'lottery[onnx]', "
            "or take the form pt2, which needs no package more"
        )


def write(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, forms: list[Form]) -> None:
    """Write a model, dropout off, into folder/FORM of each form, with its tokenizer and configuration beside it.

    Any batch size and length works, up to the positions that the model has. `ExportedModel.from_pretrained` of
    transformers opens each of them; so does torch.export.load model.pt2, once transformers.modeling_outputs is
    imported, and ONNX Runtime model.onnx. Raises ValueError as
    `require`, and where a form cannot be made of this model.
    """
    require(forms)
    graph = None
    for form in dict.fromkeys(forms):
        with _told_in_one_sentence(form, model), opening.quiet(), silent():
            if form == "pt2" or graph is None:
                made = _exported(model, "pt2" if form == "pt2" else "onnx")
                graph = graph if form == "pt2" else made
            else:
                made = graph
            if form == "int8":
                made = _in_8_bits(made)
            made.save_pretrained(folder / form)
            tokenizer.save_pretrained(folder / form)


def opened(folder: Path) -> ExportedModel:
    """An export, as `write` has made one, from its folder: it takes what its model took, and computes as many threads.

    ONNX Runtime would take all cores, and be measured beside torch on fewer.
    """
    from transformers.exporters.base import ExportedModel

    with silent():
        if not (folder / "model.onnx").is_file():
            return ExportedModel.from_pretrained(folder)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        return ExportedModel.from_pretrained(folder, session_options=options)


def _exported(model: PreTrainedModel, kind: Literal["pt2", "onnx"]):
    from transformers import exporters

    exporter, config = {
        "pt2": (exporters.DynamoExporter, exporters.DynamoConfig),
        "onnx": (exporters.OnnxExporter, exporters.OnnxConfig),
    }[kind]
    before = model.training
    model.eval()
    try:
        made = exporter().export(model, _inputs(model), config=config(dynamic=True))
    except RuntimeError as error:
        if LOST not in str(error):
            raise
        made = exporter().export(model, _inputs(model), config=config(dynamic=True))
    finally:
        model.train(before)
    if kind == "onnx":
        for component in made.components.values():
            _add_before_norms(component.program)
    return made


def _add_before_norms(program) -> None:
    """Write what is added up before a layer norm as Sum instead of Add, which is the same.

    ONNX Runtime makes one operation of Add and norm, which it computes one number after the other: a third
    of the time of a model with weights of 8 bits.
    """
    for node in program.graph:
        if node.op_type == "LayerNormalization" and (before := node.inputs[0].producer()) and before.op_type == "Add":
            before.op_type = "Sum"


def _inputs(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Two made-up texts, for the graph to be followed by; one is padded, so that the attention mask counts."""
    inputs = timing.batch(model, 2, 8)
    inputs["attention_mask"][1, 6:] = 0
    return inputs


def _in_8_bits(graph):
    from transformers import exporters

    (name,) = graph.components
    component = graph.components[name]
    # With one scale for a whole matrix MiniLM answers 5% of texts otherwise, with one for each of its columns 2%.
    how = exporters.OnnxRuntimeDynamicConfig(per_channel=True, nodes_to_exclude=_without_numbers(component.program))
    quantizer = exporters.OnnxRuntimeQuantizer(how)
    program = quantizer.quantize(component.program, {}, graph.export_format)
    made = type(component)(program, component.metadata)
    return exporters.ExportedModel({name: made}, graph.export_format, config=graph.config)


def _without_numbers(program) -> list[str]:
    """The names of the nodes of an ONNX graph with an empty matrix, as of a layer without heads: it has no scale."""
    return [
        node.name
        for node in program.graph
        for value in node.inputs
        if value is not None and value.const_value is not None and 0 in value.const_value.shape.numpy()
    ]


@contextmanager
def _told_in_one_sentence(form: Form, model: PreTrainedModel) -> Iterator[None]:
    try:
        yield
    except (OSError, MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{type(model).__name__} cannot be exported as {form} ({first}): leave this form out; the folder itself, "
            "which lottery opens, needs no export"
        ) from error


@contextmanager
def silent() -> Iterator[None]:
    """Inside the block the exporters, which tell of every step and of packages they can do without, are silent."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript", "root", "")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
