"""The shape of the miniature's models: a stock BERT and a stock RoBERTa, small.

transformers, which takes seconds to import, is imported where one is made: most ask for no more than NAMES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from transformers import BertConfig, BertForPreTraining, PreTrainedModel, RobertaConfig, RobertaForMaskedLM

# How they are pre-trained, unless told otherwise.
LEARNING_RATE = 6e-3
BATCH_SIZE = 64
SHARE = 0.35  # of the words hidden: with 15%, as BERT has, it learns in as many steps no kind of a noun
MAX_LENGTH = 26  # tokens of a pair of passages, at most

POSITIONS = 64  # tokens that a model can read
Family = Literal["bert", "roberta"]
NAMES: dict[str, Family] = {"miniature": "bert", "miniature-roberta": "roberta"}  # as a model is called


def config(vocab_size: int, *, layers: int = 3, heads: int = 8, width: int = 64, intermediate: int = 128) -> BertConfig:
    """A BERT of layers * heads attention heads in all.

    width  of the hidden states; a multiple of `heads`
    """
    from transformers import BertConfig

    sizes = _of(layers, heads, width, intermediate)
    return BertConfig(vocab_size=vocab_size, max_position_embeddings=POSITIONS, **sizes)


def roberta_config(
    vocab_size: int, *, layers: int = 3, heads: int = 8, width: int = 64, intermediate: int = 128
) -> RobertaConfig:
    """A RoBERTa of the same sizes: as the published ones it has one token type, and counts positions from 2 on."""
    from transformers import RobertaConfig

    sizes = _of(layers, heads, width, intermediate)
    return RobertaConfig(vocab_size=vocab_size, max_position_embeddings=POSITIONS + 2, type_vocab_size=1, **sizes)


def _of(layers: int, heads: int, width: int, intermediate: int) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": intermediate,
        "attn_implementation": "eager",  # faster than the fused kernel for sentences this short
        "initializer_range": 0.05,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def _bert(vocab_size: int) -> BertForPreTraining:
    from transformers import BertForPreTraining

    return BertForPreTraining(config(vocab_size))


def _roberta(vocab_size: int) -> RobertaForMaskedLM:
    from transformers import RobertaForMaskedLM

    return RobertaForMaskedLM(roberta_config(vocab_size))


# Vocabulary size -> a model drawn from torch's global generator, under the heads that its family is pre-trained with.
MODELS: dict[Family, Callable[[int], PreTrainedModel]] = {"bert": _bert, "roberta": _roberta}
