"""The shape of the miniature's model: a stock BERT, small."""

from transformers import BertConfig

# How it is pre-trained, unless told otherwise.
LEARNING_RATE = 6e-3
BATCH_SIZE = 64
MAX_LENGTH = 26  # tokens of a pair of passages, at most


def config(vocab_size: int, *, layers: int = 3, heads: int = 8, width: int = 64, intermediate: int = 128) -> BertConfig:
    """A BERT of layers * heads attention heads in all.

    width  of the hidden states; a multiple of `heads`
    """
    return BertConfig(
        vocab_size=vocab_size,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=intermediate,
        max_position_embeddings=64,
        attn_implementation="eager",  # faster than the fused kernel for sentences this short
        initializer_range=0.05,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
