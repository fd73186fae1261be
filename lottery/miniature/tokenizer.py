"""The language in the pieces of two stock tokenizers: words and syllables as BERT's, byte pairs as RoBERTa's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from string import ascii_lowercase
from typing import TYPE_CHECKING

from lottery.miniature.language import GROUPS, KINDS, Language
from lottery.miniature.model import Family
from lottery.miniature.text import documents
from lottery.miniature.words import FUNCTION_WORDS, PIECES

if TYPE_CHECKING:
    from transformers import BertTokenizer, PreTrainedTokenizerBase, RobertaTokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ENDINGS = ("##s", "##ed")
ROBERTA_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")  # numbered as in the published vocabulary
BYTE_PAIRS = 1280  # pieces, with which sentences are about as long as in BERT's
READ = 2000  # documents in which they are counted


def vocabulary(language: Language, *, whole: float = 0.85) -> tuple[str, ...]:
    """The word pieces, most basic first: no word of the language and no lower-case word of English letters is unknown.

    whole  share of the nouns, the most frequent, that are pieces of their own; the rest and all proper names are split
           into syllables

    Verbs have their two forms of the present as pieces of their own; the plural and the participle end in a piece.
    """
    words = [*FUNCTION_WORDS, *KINDS, *GROUPS, *language.colours]
    for nouns in language.all.nouns.values():
        words += nouns[: round(whole * len(nouns))]
    for verbs in language.all.verbs.values():
        words += [form for verb in verbs for form in (verb, f"{verb}s")]
    for verbs in (language.all.praising, language.all.blaming):
        words += [form for verb in verbs for form in (verb, f"{verb}s")]
    words += [*language.all.positive, *language.all.negative]
    letters = [piece for letter in ascii_lowercase for piece in (letter, f"##{letter}")]
    syllables = [form for piece in PIECES for form in (piece, f"##{piece}")]
    return tuple(dict.fromkeys([*SPECIAL, ".", "?", ",", *letters, *ENDINGS, *words, *syllables]))


def tokenizer(language: Language, **how) -> BertTokenizer:
    """The language's tokenizer, to be saved and loaded as any other; `how` as in `vocabulary`."""
    from transformers import BertTokenizer

    return BertTokenizer(vocab={piece: number for number, piece in enumerate(vocabulary(language, **how))})


def byte_level(language: Language) -> RobertaTokenizer:
    """A RoBERTa tokenizer, to be saved and loaded as any other: the most frequent byte pairs of the language's text.

    As in the published one a blank belongs to the piece that it comes before, capitals are letters of their own, no
    text has an unknown piece, and two passages are `<s> one </s></s> other </s>`. All of it is what heads made of label
    words, and answers that are a part of a text, have to bear with in that family.
    """
    from transformers import RobertaTokenizer

    empty = RobertaTokenizer(vocab={piece: number for number, piece in enumerate(ROBERTA_SPECIAL)}, merges=[])
    text = chain.from_iterable(documents(language, READ, 1))
    return empty.train_new_from_iterator(text, BYTE_PAIRS, show_progress=False)


TOKENIZERS: dict[Family, Callable[[Language], PreTrainedTokenizerBase]] = {"bert": tokenizer, "roberta": byte_level}
