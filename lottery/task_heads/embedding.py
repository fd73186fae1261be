"""Embedding: the product of the first token's output with the embedding of each label's word; not trained."""

from transformers import PreTrainedTokenizerBase

from lottery.models import opening
from lottery.task_heads import label_tokens, linear
from lottery.task_heads._headed import Headed
from lottery.tasks import Task

TRAINED = False


def build(source: str, task: Task, tokenizer: PreTrainedTokenizerBase, *, released: bool = False) -> Headed:
    """The encoder `source`, without a pooler, under the head as Jiang et al. 2023 print it in section 4.2.

    The score of a label is h . e, with h the output at [CLS], or for spans at every token, and e the word embedding of
    the label's word, a copy that stays as it was; no bias, nothing between.
    released  as for `label_tokens`

    Raises ValueError as `label_tokens`, and for an encoder whose word embeddings have another width than its outputs.
    """
    tokens = label_tokens(task, tokenizer, released=released)
    encoder = opening.bare_encoder(source)
    words = encoder.get_input_embeddings().weight
    if words.shape[1] != encoder.config.hidden_size:
        raise ValueError(
            f"the word embeddings of {source!r} are {words.shape[1]} wide and its outputs "
            f"{encoder.config.hidden_size}, so that they have no product: give the head 'random', which is trained"
        )
    return Headed(encoder, linear(words[tokens]), spans=task.KIND == "span")
