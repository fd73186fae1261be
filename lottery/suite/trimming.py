"""A model whose vocabulary is cut to a user's texts: the folder that is written, and what other texts lose by it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from lottery import files
from lottery.data import own_file, text_files
from lottery.models import families, folders, opening, slices, vocabulary
from lottery.statistics import Estimate, bootstrap_over_group_sums

ASKED = 200  # texts whose answers are compared
LENGTH = 32  # tokens of those, at most
HELD_OUT = 0.1  # of the texts, to see what texts lose that the vocabulary was not made from


@dataclass(frozen=True)
class Trimmed:
    """What was written, and what it costs.

    pieces, numbers, bytes  of the vocabulary, of the whole model, and of its weights on disk: before and after
    texts, asked            so many are read as before; so many of them were encoded again, to the last bit alike
    broken                  share of the pieces of texts held out that a vocabulary made from the others lacks, with its
                            95% interval over texts
    unknown                 share of unknown pieces in the texts held out, before and after
    """

    pieces: tuple[int, int]
    numbers: tuple[int, int]
    bytes: tuple[int, int]
    texts: int
    asked: int
    broken: Estimate
    unknown: tuple[float, float]


def read(paths: Sequence[Path], text: str, second: str) -> list[str]:
    """The texts of files, each once: lines of a .txt, named columns of a .csv, .tsv or .jsonl, sentences of a .conll.

    Raises FileNotFoundError or ValueError where a file is not there or not so, where its column is not named, and for
    fewer than 20 texts.
    """
    found: list[str] = []
    for path in paths:
        if path.suffix.lower() == ".txt":
            found += [line.strip() for line in text_files.text(path).splitlines()]
            continue
        if path.is_file() and path.suffix.lower() in own_file.ENDINGS and not text:
            raise ValueError(f"--text-column is missing: name the column of the text in {path}")
        columns = {"first": text} | ({"second": second} if second else {})
        table = own_file.texts(path, columns)
        found += [each for name in columns for each in table[name]]
    different = [each for each in dict.fromkeys(found) if each]
    if len(different) < 20:
        raise ValueError(f"there are {len(different)} different texts: give 20 or more, of which some are held out")
    return different


def trim(source: str, texts: Sequence[str], folder: Path) -> Trimmed:
    """Write the model `source` with the word pieces of these texts alone, open it and compare it with the full one.

    It keeps its head and the type of its numbers, and what goes with a model goes along. Nothing is left where it
    fails. Raises ValueError for a model or tokenizer that cannot be cut, RuntimeError where what is opened again reads
    or encodes a text otherwise.
    """
    tokenizer, model, place = opening.tokenizer(source), opening.as_saved(source).eval(), opening.locate(source)
    staying = vocabulary.of_texts(tokenizer, texts, model.config)
    before = (model.config.vocab_size, model.num_parameters(), folders.weights_bytes(place))
    broken, unknown = on_others(tokenizer, texts, model.config)
    asked = [texts[at] for at in np.random.default_rng(0).permutation(len(texts))[:ASKED]]
    answers = answered(model, tokenizer, asked)
    vocabulary.cut(model, staying)
    with files.written_folder(folder.absolute()) as partial:
        with opening.quiet():
            slices.write(model.to(folders.number_type(place)), partial)
            of_tokenizer = [path.name for path in files.visible(place, *folders.TOKENIZER)]
            folders.accompany(opening.home(source), partial, without=of_tokenizer)
            vocabulary.write(tokenizer, staying, partial)
        small, again = opening.as_saved(str(partial)).eval(), opening.tokenizer(str(partial))
        if pieces(again, texts) != pieces(tokenizer, texts):
            raise RuntimeError("the tokenizer that was written reads the texts otherwise than the full one")
        found = answered(small, again, asked)
        if not all(map(torch.equal, answers, found)):
            raise RuntimeError("the model that was written does not encode the texts as the full one")
        after = (small.config.vocab_size, small.num_parameters(), folders.weights_bytes(partial))
    return Trimmed(*zip(before, after, strict=True), len(texts), len(asked), broken, unknown)


def on_others(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], config: PreTrainedConfig
) -> tuple[Estimate, tuple[float, float]]:
    """What texts lose by a vocabulary that was made from others: `broken` and `unknown` of `Trimmed`.

    A tenth of the texts is held out; the vocabulary that is written is made from all of them, and so lacks less.
    """
    order = np.random.default_rng(0).permutation(len(texts))
    count = max(2, round(HELD_OUT * len(texts)))
    others, learnt = ([texts[at] for at in part] for part in (order[:count], order[count:]))
    staying = vocabulary.of_texts(tokenizer, learnt, config)
    stays = {*staying}
    rows = tokenizer(others, add_special_tokens=False, verbose=False)["input_ids"]
    sums = np.array([(sum(number not in stays for number in row), len(row)) for row in rows], dtype=float)

    def share(sums: np.ndarray) -> np.ndarray:
        return sums[:, 0] / sums[:, 1]

    interval = bootstrap_over_group_sums(sums, share, seed=0)
    smaller = Tokenizer.from_str(json.dumps(vocabulary.trimmed(vocabulary.told(tokenizer), staying)))
    written = [each.ids for each in smaller.encode_batch(others, add_special_tokens=False)]
    unknown = tokenizer.unk_token_id
    new = staying.index(unknown) if unknown in staying else None
    shares = [
        sum(row.count(number) for row in each) / max(1, sum(map(len, each)))
        for each, number in ((rows, unknown), (written, new))
    ]
    return Estimate(float(share(sums.sum(0, keepdims=True))[0]), *interval), (shares[0], shares[1])


def pieces(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[str]]:
    """The texts in pieces."""
    return [tokenizer.convert_ids_to_tokens(row) for row in tokenizer([*texts], verbose=False)["input_ids"]]


@torch.no_grad()
def answered(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[torch.Tensor]:
    """What the encoder puts out for each text, cut at LENGTH tokens, one by one."""
    families.check_length(model.config, LENGTH, name="the length of a text that is tried")
    inputs = (tokenizer(text, truncation=True, max_length=LENGTH, return_tensors="pt") for text in texts)
    return [model.base_model(**each).last_hidden_state for each in inputs]
