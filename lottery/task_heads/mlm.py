"""MLM: how well each label's word would fill the place of the first token, by the pre-trained head; not trained."""

from transformers import PreTrainedTokenizerBase

from lottery.models import families, opening
from lottery.task_heads import label_tokens, linear
from lottery.task_heads._headed import Headed
from lottery.tasks import Task

TRAINED = False


def build(source: str, task: Task, tokenizer: PreTrainedTokenizerBase, *, released: bool = False) -> Headed:
    """The encoder `source`, without a pooler, under its MLM head: the released code of Jiang et al. 2023.

    The head is that of pre-training as it is, its dense layer, activation and LayerNorm, and then of the decoder and
    its biases only the rows of the label words. For spans it is read at every token.
    released  as for `label_tokens`

    Raises ValueError as `label_tokens`, and where the model or its file has no MLM head.
    """
    tokens = label_tokens(task, tokenizer, released=released)
    model = opening.for_words(source)
    whole = model.get_output_embeddings()
    model.set_output_embeddings(linear(whole.weight[tokens], whole.bias[tokens]))
    return Headed(model.base_model, families.mlm_head(model), spans=task.KIND == "span")
