"""An encoder under a head of its own, which takes batches and answers as a stock model does."""

import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForTokenClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import QuestionAnsweringModelOutput, SequenceClassifierOutput


class Headed(nn.Module):
    """An encoder under a head that is never trained.

    encoder  a stock encoder; its pooler, if it has one, is not read
    head     (..., width) -> (..., outputs), the scores at a position's output; its weights are frozen here
    spans    False: the head is read at the first token, [CLS]; one output is the number that answers a regression,
             more are the scores of classes. True: it is read at every token, and its two outputs score the token as
             the start and as the end of the answer

    The loops take it for a stock model: it has `base_model`, `config` and `device`, and its losses are the stock ones,
    means over the batch: cross-entropy in nats, for spans the mean of the start's and the end's; the squared error for
    a regression.
    """

    def __init__(self, encoder: PreTrainedModel, head: nn.Module, *, spans: bool):
        super().__init__()
        self.base_model = encoder
        self.head = head.requires_grad_(False)
        self.spans = spans

    @property
    def config(self) -> PreTrainedConfig:
        """The encoder's."""
        return self.base_model.config

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.base_model.device

    def forward(
        self,
        labels: torch.Tensor | None = None,
        start_positions: torch.Tensor | None = None,
        end_positions: torch.Tensor | None = None,
        **inputs,
    ) -> SequenceClassifierOutput | QuestionAnsweringModelOutput:
        """Logits (batch, outputs), or for spans start_logits and end_logits (batch, tokens); with labels the loss.

        labels                          (batch,), class numbers or the numbers of a regression
        start_positions, end_positions  (batch,), the tokens at which the answer begins and ends
        inputs                          as the encoder takes them
        """
        output = self.base_model(**inputs)
        if not self.spans:
            logits = self.head(output.last_hidden_state[:, 0])
            loss = None if labels is None else _loss(logits, labels)
            return SequenceClassifierOutput(
                loss=loss, logits=logits, hidden_states=output.hidden_states, attentions=output.attentions
            )
        starts, ends = self.head(output.last_hidden_state).unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            loss = (cross_entropy(starts, start_positions) + cross_entropy(ends, end_positions)) / 2
        return QuestionAnsweringModelOutput(
            loss=loss,
            start_logits=starts,
            end_logits=ends,
            hidden_states=output.hidden_states,
            attentions=output.attentions,
        )


def stock(model: Headed, labels: Sequence[str]) -> PreTrainedModel:
    """A stock model with the same scores, for any program, of a headed one whose head is a linear map.

    Spans: one for question answering. Else, as no stock classifier reads the first token without a pooler, one that
    classifies every token, of which the first is the answer. Raises ValueError for another head, and for a family whose
    stock models have layers of their own before the last one.
    """
    if not isinstance(model.head, nn.Linear):
        raise ValueError(
            "saved = True: no stock model has the head 'mlm', which is the pre-trained one as it is, and to keep are "
            "the mask and the pre-trained model; give saved = False, or another head"
        )
    config = copy.deepcopy(model.config)
    config.num_labels = model.head.out_features
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: number for number, name in enumerate(labels)}
    kind = AutoModelForQuestionAnswering if model.spans else AutoModelForTokenClassification
    with torch.random.fork_rng(devices=[]):
        whole = kind.from_config(config)
    ends = {whole.base_model_prefix, "qa_outputs", "classifier"}
    if between := [name for name, part in whole.named_children() if name not in ends and [*part.parameters()]]:
        raise ValueError(
            f"saved = True: {type(whole).__name__} has layers before its last one ({between[0]}), which this head has "
            "not, and to keep are the mask and the pre-trained model; give saved = False"
        )
    whole.base_model.load_state_dict(model.base_model.state_dict())
    last = whole.qa_outputs if model.spans else whole.classifier
    with torch.no_grad():
        last.weight.copy_(model.head.weight)
        if model.head.bias is None:
            last.bias.zero_()
        else:
            last.bias.copy_(model.head.bias)
    return whole.eval()


def _loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return mse_loss(logits[:, 0], labels) if logits.shape[1] == 1 else cross_entropy(logits, labels)
