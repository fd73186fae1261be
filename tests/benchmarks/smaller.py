"""How much faster a model without half of its heads and neurons is, in torch and as ONNX with weights of 8 bits.

    python tests/benchmarks/smaller.py --json smaller.json

MiniLM, half of each layer's heads and half of its neurons gone, beside the whole one: the forward pass of a batch of 32
texts of 35 tokens and of one text of 32, in turns, with one thread each, in the processor's own time, which other
programs hardly change. The bars are those that trials met on an idle core. Torch-Pruning's cut of the same size is
measured beside it where it is installed (the extra bench), 8 bits where ONNX Runtime is (the extra onnx). How well
either does is told by the chapter on the smaller model. It takes two minutes.
"""

import importlib.util
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from _report import Figure, main, side_by_side
from rich.console import Console

from lottery.choices import listed
from lottery.models import exporting, opening, timing
from lottery.pruning import components
from lottery.pruning.ways import PACKAGE, smaller


def halved(model):
    """Without the second half of every layer's heads and neurons: of times it does not matter which go."""
    kept = components.everything(model.config, neurons=True)
    for kind in ("heads", "neurons"):
        kept[kind][:, kept[kind].shape[1] // 2 :] = False
    return components.sliced(model, kept)


def exported(model, tokenizer, folder):
    """The model as ONNX with weights of 8 bits, opened from its file; it computes with as many threads as torch."""
    exporting.write(model, tokenizer, folder, ["int8"])
    return exporting.opened(folder / "int8")


def _read(way, inputs):
    way(**inputs)


def measure(*, model="minilm", shapes=((32, 35), (1, 32)), rounds=7, turn=0.3):
    tokenizer, whole = opening.tokenizer(model), opening.bare_encoder(model).eval()
    ways = {"whole, torch": whole, "half, torch": halved(whole).eval()}
    missing = [name for name in exporting.PACKAGES if importlib.util.find_spec(name) is None]
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode(), timing.threads(1):
        if missing:
            Console().print(f"8 bits are not measured without {listed(missing)}: pip install 'lottery\\[onnx]'")
        else:
            ways["whole, int8"] = exported(whole, tokenizer, Path(folder) / "whole")
            ways["half, int8"] = exported(ways["half, torch"], tokenizer, Path(folder) / "half")
        if importlib.util.find_spec(PACKAGE):
            ways["half, Torch-Pruning"] = smaller(whole, "torch_pruning", 0.5, {})[0].eval()
        seconds = {}
        for size, length in shapes:
            inputs = timing.batch(whole, size, length)
            calls = {name: partial(_read, way, inputs) for name, way in ways.items()}
            seconds[size], _ = side_by_side(calls, rounds=rounds, turn=turn, clock=time.process_time)
    bars = {"half, torch": {shapes[0][0]: 1.9}, "half, int8": {shapes[0][0]: 4.0, shapes[1][0]: 7.0}}
    return [
        Figure(
            f"{name} against the whole in torch, {size} text{'s' * (size > 1)}",
            found["whole, torch"] / found[name],
            "times faster",
            at_least=bars.get(name, {}).get(size),
            seen=found,
        )
        for size, found in seconds.items()
        for name in found
        if name != "whole, torch"
    ]


if __name__ == "__main__":
    main(__doc__, measure)
