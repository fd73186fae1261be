"""How a sentence encoder makes one vector of the vectors of its tokens, as the folder of the model tells."""

import json
from typing import Literal, get_args

from lottery.models import folders, opening

Pooling = Literal["mean", "first"]  # of the tokens' vectors their mean, or that of the first one
FOLDER = "1_Pooling"  # of the module, where sentence-transformers writes it
SAY = f"say {' or '.join(get_args(Pooling))}"
KNOWN: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "first",
    "mean": "mean",
    "cls": "first",
}


def pooling(source: str) -> Pooling:
    """How the model `source`, named as for `opening.locate`, pools; the mean where its folder does not say.

    Raises ValueError, beside `locate`, where it says something else than one of `Pooling`, and where it says that there
    is a module for that which is not there, as of a model of the hub, of which only the encoder is downloaded.
    """
    folder = opening.locate(source)
    modules = folders.modules(folder) if (folder / folders.MODULES).is_file() else []
    named = [module for module in modules if module.name.endswith("Pooling")]
    file = (named[0] if named else folder / FOLDER) / "config.json"
    if not file.is_file():
        if named:
            raise ValueError(f"{source!r} tells in {named[0].name}/config.json how it pools, which is not there: {SAY}")
        return "mean"
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        modes = [name for name, given in entries.items() if name.startswith("pooling_mode_") and given is True]
        modes += [str(entries["pooling_mode"])] if "pooling_mode" in entries else []
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{file} does not tell how sentences are pooled: get it anew") from error
    if len(modes) != 1 or modes[0] not in KNOWN:
        raise ValueError(f"{source!r} pools by {', '.join(modes) or 'nothing'}, which is not done here: {SAY}")
    return KNOWN[modes[0]]
