"""Random: the stock head, randomly initialised and trained with the model, as in fine-tuning."""

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery.tasks import Task
from lottery.training import evaluation

TRAINED = True


def build(source: str, task: Task, tokenizer: PreTrainedTokenizerBase, *, released: bool = False) -> PreTrainedModel:
    """The stock model of `evaluation.with_head`; label words are not asked for, so that any task will do."""
    return evaluation.with_head(source, task)
