"""A world small enough to know: a made-up language, its text, its tokenizers, a small BERT or RoBERTa and ten tasks."""

from lottery.miniature import ngram
from lottery.miniature.language import NOUNS, Language
from lottery.miniature.model import (
    BATCH_SIZE,
    LEARNING_RATE,
    MAX_LENGTH,
    MODELS,
    NAMES,
    SHARE,
    Family,
    config,
    roberta_config,
)
from lottery.miniature.tasks import tables
from lottery.miniature.text import DOCUMENTS, documents
from lottery.miniature.tokenizer import TOKENIZERS, tokenizer

__all__ = [
    "BATCH_SIZE",
    "DOCUMENTS",
    "LEARNING_RATE",
    "MAX_LENGTH",
    "MODELS",
    "NAMES",
    "NOUNS",
    "SHARE",
    "TOKENIZERS",
    "Family",
    "Language",
    "config",
    "documents",
    "ngram",
    "roberta_config",
    "tables",
    "tokenizer",
]
