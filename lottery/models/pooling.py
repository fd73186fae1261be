"""How a sentence encoder makes one vector of the vectors of its tokens, as the folder of the model tells."""

import json
from typing import Literal, get_args

from lottery.choices import listed
from lottery.models import folders, opening

Pooling = Literal["mean", "first", "max"]  # of the tokens' vectors their mean, that of the first one, their maximum
WORDS = {"mean": "their mean", "first": "taking the first", "max": "their maximum"}
FOLDER = "1_Pooling"  # of the module, where sentence-transformers writes it
SAY = f"say {listed(get_args(Pooling))}"
KNOWN: dict[str, Pooling] = {
    "mean_tokens": "mean",
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean",  # longer than the mean, and of the same direction, which is all that a cosine sees
    "mean_sqrt_len": "mean",
    "cls_token": "first",
    "cls": "first",
    "max_tokens": "max",
    "max": "max",
}
SCALED = ("Normalize", "Dropout")  # the modules that do not change a vector's direction where nothing is trained


def pooling(source: str) -> Pooling:
    """How the model `source`, named as for `opening.locate`, pools; the mean where its folder does not say.

    Raises ValueError, beside `locate`, where it says something else than one of `Pooling`, where other modules change
    what is pooled, and where it says that there is a module for that which is not there, as of a model of the hub, of
    which only the encoder is downloaded.
    """
    folder, behind = opening.home(source), _behind(source)
    named = [module.place for module in behind if module.kind == "Pooling"]
    if others := [module for module in behind if module.kind not in ("Pooling", *SCALED)]:
        kind, place = others[0]
        raise ValueError(
            f"{source!r} puts its vectors through a module {kind} ({place.name}), which is not done here: {SAY}, for "
            "the vectors before it"
        )
    file = (named[0] if named else folder / FOLDER) / "config.json"
    if not file.is_file():
        if named:
            raise ValueError(f"{source!r} tells in {named[0].name}/config.json how it pools, which is not there: {SAY}")
        return "mean"
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        modes = [
            name.removeprefix("pooling_mode_")
            for name, given in entries.items()
            if name.startswith("pooling_mode_") and given is True
        ]
        modes += [str(entries["pooling_mode"])] if "pooling_mode" in entries else []
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{file} does not tell how sentences are pooled: get it anew") from error
    if len(modes) != 1 or modes[0] not in KNOWN:
        raise ValueError(f"{source!r} pools by {', '.join(modes) or 'nothing'}, which is not done here: {SAY}")
    return KNOWN[modes[0]]


def makes_vectors(source: str) -> bool:
    """Whether it is a sentence encoder: a model saved without any head, or one whose folder tells what comes behind."""
    (architecture, *_) = opening.configuration(source).architectures or [""]
    return bool(_behind(source)) or architecture.endswith("Model")


def told(source: str) -> str:
    """What becomes of the tokens' vectors in a sentence encoder, in words; "" where its folder tells of no modules."""
    behind = _behind(source)
    if not behind:
        return ""
    try:
        way = f"pooled by {WORDS[pooling(source)]}"
    except ValueError as error:
        return str(error)
    return way + (", scaled to length 1" if "Normalize" in [module.kind for module in behind] else "")


def _behind(source: str) -> list[folders.Module]:
    """The modules behind the encoder; none where the folder does not tell of any."""
    folder = opening.home(source)
    return folders.modules(folder)[1:] if (folder / folders.MODULES).is_file() else []
