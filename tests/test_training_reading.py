"""What a reader says of examples, against one example at a time."""

import pandas as pd
import torch
from transformers import BertForSequenceClassification

from lottery.data import examples
from lottery.training import reading


def test_every_example_is_read_once_and_stands_in_its_place(bert_folder, tokenizer):
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(bert_folder, num_labels=3).eval()
    texts = [" ".join(f"w{(n * k) % 40}" for k in range(1 + n % 7)) for n in range(23)]
    given = examples.encode(pd.DataFrame({"first": texts, "label": 0}), tokenizer, 16)
    shapes = []

    def reader(**batch):
        assert "labels" not in batch
        shapes.append(batch["input_ids"].shape)
        return model(**batch)

    found = reading.read(reader, given, lambda output, batch: output.logits, batch_size=5)
    with torch.no_grad():
        alone = [model(**tokenizer(text, return_tensors="pt")).logits[0] for text in texts]
    assert torch.allclose(torch.from_numpy(found), torch.stack(alone), atol=1e-5)
    assert sum(size for size, _ in shapes) == 23
    assert max(size for size, _ in shapes) == 5
