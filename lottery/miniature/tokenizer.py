"""A WordPiece vocabulary of the language, in a stock BERT tokenizer."""

from string import ascii_lowercase

from transformers import BertTokenizer

from lottery.miniature.language import GROUPS, KINDS, Language
from lottery.miniature.words import FUNCTION_WORDS, PIECES

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ENDINGS = ("##s", "##ed")


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
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(vocabulary(language, **how))})
