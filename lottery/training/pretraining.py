"""Pre-training as BERT's: masked words (MLM) and whether two passages follow each other (NSP; Devlin et al. 2019)."""

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import torch
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery.data.examples import IGNORED, Batch, Examples, epochs, padding, seeded, sorted_batches
from lottery.models.families import mlm_head, nsp_head
from lottery.training import evaluating

SHARE = 0.15  # of the words that are hidden, as in BERT's pre-training


def sentence_pairs(
    documents: list[list[str]], tokenizer: PreTrainedTokenizerBase, max_length: int, generator: torch.Generator
) -> Examples:
    """Pairs of passages as examples with `next_sentence_label`: 0 where the second follows the first, 1 where it is
    from another document.

    documents   lists of sentences, in order
    max_length  tokens of a pair with its three special tokens, at most

    Each document is cut into spans that fill a pair; a span is split at a random sentence, and half of the time its
    second part is exchanged for the second part of another document's span (section 3.1 of the paper, its code's
    create_pretraining_data without the shorter sequences).
    """
    spans = _spans(documents, tokenizer, max_length - 3)
    document_of = np.array([document for document, _ in spans])
    if len(set(document_of.tolist())) < 2:
        raise ValueError(
            "pre-training needs two documents of two sentences or more: the second passage of half of the pairs comes "
            "from another document"
        )
    cuts = [int(torch.randint(1, len(span), (1,), generator=generator)) for _, span in spans]
    swapped = torch.rand(len(spans), generator=generator) < 0.5
    sequences: dict[str, list[torch.Tensor]] = {"input_ids": [], "token_type_ids": []}
    for i, (document, span) in enumerate(spans):
        source = i
        while swapped[i] and document_of[source] == document:
            source = int(torch.randint(len(spans), (1,), generator=generator))
        first = list(chain.from_iterable(span[: cuts[i]]))
        second = list(chain.from_iterable(spans[source][1][cuts[source] :]))
        first, second = _shortened(first, second, max_length - 3)
        ids = [tokenizer.cls_token_id, *first, tokenizer.sep_token_id, *second, tokenizer.sep_token_id]
        sequences["input_ids"].append(torch.tensor(ids))
        sequences["token_type_ids"].append(torch.tensor([0] * (len(first) + 2) + [1] * (len(second) + 1)))
    sequences = {name: rows for name, rows in sequences.items() if name in tokenizer.model_input_names}
    return Examples(sequences, {"next_sentence_label": swapped.long()}, padding(tokenizer))


def _spans(documents, tokenizer, length) -> list[tuple[int, list[list[int]]]]:
    sentences = [sentence for document in documents for sentence in document]
    ids = iter(tokenizer(sentences, add_special_tokens=False, verbose=False)["input_ids"] if sentences else [])
    spans = []
    for number, document in enumerate(documents):
        span: list[list[int]] = []
        for sentence in (next(ids) for _ in document):
            if len(span) >= 2 and sum(map(len, span)) + len(sentence) > length:
                spans.append((number, span))
                span = []
            span.append(sentence)
        if len(span) >= 2:
            spans.append((number, span))
    return spans


def _shortened(first: list[int], second: list[int], length: int) -> tuple[list[int], list[int]]:
    over = max(0, len(first) + len(second) - length)
    from_first = min(max(0, (over + len(first) - len(second)) // 2), over, len(first) - 1)
    return first[: len(first) - from_first], second[: len(second) - (over - from_first)]


def mask_tokens(
    ids: torch.Tensor, tokenizer: PreTrainedTokenizerBase, generator: torch.Generator, *, share: float = SHARE
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs with words hidden and the labels to find: two tensors of the shape of `ids`.

    Each token but the special ones is chosen with probability `share`; of the chosen 80% become [MASK], 10% a random
    token, 10% stay. Labels are IGNORED wherever a token was not chosen.
    """
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    chosen = (torch.rand(ids.shape, generator=generator) < share) & ~special
    fate = torch.rand(ids.shape, generator=generator)
    anything = torch.randint(len(tokenizer), ids.shape, generator=generator)
    hidden = torch.where(chosen & (fate < 0.8), tokenizer.mask_token_id, ids)
    hidden = torch.where(chosen & (fate >= 0.9), anything, hidden)
    return hidden, torch.where(chosen, ids, IGNORED)


def masked_batches(
    examples: Examples,
    tokenizer: PreTrainedTokenizerBase,
    *,
    batch_size: int,
    seed: int,
    share: float = SHARE,
) -> Callable[[int], Batch]:
    """step -> batch with `labels`: words are hidden afresh at every step, by a generator seeded with (seed, step)."""
    positions = epochs(examples, batch_size, seed)
    return lambda step: masked(examples.batch(positions(step)), tokenizer, seeded(seed, step), share=share)


def masked(
    batch: Batch, tokenizer: PreTrainedTokenizerBase, generator: torch.Generator, *, share: float = SHARE
) -> Batch:
    """The batch with a share of its words hidden and told in `labels`."""
    hidden, labels = mask_tokens(batch["input_ids"], tokenizer, generator, share=share)
    return batch | {"input_ids": hidden, "labels": labels}


def parts(model: PreTrainedModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores of the hidden words (m, vocabulary), the words (m,), and NSP scores (pairs, 2); (0, 2) without NSP head.

    The vocabulary is scored at hidden positions only: a seventh of the work of scoring it everywhere.
    """
    inputs = {name: batch[name] for name in ("input_ids", "token_type_ids", "attention_mask") if name in batch}
    output = model.base_model(**inputs)
    chosen = batch["labels"] != IGNORED
    words = mlm_head(model)(output.last_hidden_state[chosen])
    head = nsp_head(model)
    return words, batch["labels"][chosen], head(output.pooler_output) if head else words.new_zeros(0, 2)


def loss(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """MLM loss plus, for a model with an NSP head, NSP loss: a scalar, in nats."""
    words, truth, follows = parts(model, batch)
    # Of a short last batch no word may be hidden: its loss is 0, not 0/0.
    total = functional.cross_entropy(words.float(), truth, reduction="sum") / max(1, len(truth))
    return total + functional.cross_entropy(follows.float(), batch["next_sentence_label"]) if len(follows) else total


def held_out_batches(
    examples: Examples, tokenizer: PreTrainedTokenizerBase, *, seed: int, batch_size: int = 128
) -> Iterator[Batch]:
    """All examples in batches of alike length, with the same words hidden whenever the seed is the same."""
    for number, positions in enumerate(sorted_batches(examples.lengths, batch_size)):
        yield masked(examples.batch(positions), tokenizer, seeded(seed, number))


def evaluate(
    model: PreTrainedModel, examples: Examples, tokenizer: PreTrainedTokenizerBase, *, seed: int, batch_size: int = 128
) -> dict[str, float]:
    """Losses on held-out pairs, dropout off, with the same words hidden for every model that is asked with one seed.

    mlm_loss, nsp_loss  nats, means over all hidden words and over all pairs; nsp_loss is NaN without an NSP head
    loss                their sum (Gordon et al. 2020, Table 1), or mlm_loss alone
    mlm_accuracy, nsp_accuracy  fractions
    """
    sums = torch.zeros(4, dtype=torch.float64)
    words_seen = 0
    with evaluating(model):
        for batch in held_out_batches(examples, tokenizer, seed=seed, batch_size=batch_size):
            batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
            words, truth, follows = parts(model, batch)
            sums[0] += functional.cross_entropy(words.float(), truth, reduction="sum").item()
            sums[1] += (words.argmax(-1) == truth).sum().item()
            if len(follows):
                pair = batch["next_sentence_label"]
                sums[2] += functional.cross_entropy(follows.float(), pair, reduction="sum").item()
                sums[3] += (follows.argmax(-1) == pair).sum().item()
            words_seen += len(truth)
    mlm_loss, mlm_accuracy = (sums[:2] / words_seen).tolist()
    has_nsp = nsp_head(model) is not None
    nsp_loss, nsp_accuracy = (sums[2:] / len(examples)).tolist() if has_nsp else (float("nan"), float("nan"))
    return {
        "loss": mlm_loss + nsp_loss if has_nsp else mlm_loss,
        "mlm_loss": mlm_loss,
        "nsp_loss": nsp_loss,
        "mlm_accuracy": mlm_accuracy,
        "nsp_accuracy": nsp_accuracy,
    }
