"""A tiny random classifier of every family: two layers of 16 with 4 heads and 24 neurons, made from its configuration.

Nothing of transformers is imported before a model is asked for.
"""

SHAPE = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}
ONE_KIND = {"type_vocab_size": 1}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
RELATIVE = {"relative_attention": True, "pos_att_type": "p2c|c2p", "norm_rel_ebd": "layer_norm"}
V3 = {"share_att_key": True, "position_biased_input": False, "type_vocab_size": 0, "position_buckets": 8}
# (model_type, what its configuration has beside SHAPE). Where families come in two makes, both are here.
MADE = {
    "bert": ("bert", {}),
    "roberta": ("roberta", ONE_KIND),
    "xlm-roberta": ("xlm-roberta", ONE_KIND),
    "camembert": ("camembert", ONE_KIND),
    "electra": ("electra", {"embedding_size": 8}),
    "distilbert": ("distilbert", {}),
    "mpnet": ("mpnet", {}),
    "modernbert": ("modernbert", SPECIAL | {"local_attention": 4}),
    "modernbert with biases": ("modernbert", SPECIAL | {"mlp_bias": True, "attention_bias": True}),
    "deberta-v2": ("deberta-v2", RELATIVE | {"type_vocab_size": 2, "conv_kernel_size": 3}),
    "deberta-v3": ("deberta-v2", RELATIVE | V3),
    "deberta-v2 of absolute positions": ("deberta-v2", {}),
}
PADDING = {"roberta": 1, "xlm-roberta": 1, "camembert": 1, "mpnet": 1}


def config(name: str, **otherwise):
    """The configuration of a model; `otherwise`: what it has in the place of what SHAPE says."""
    from transformers import AutoConfig

    kind, told = MADE[name]
    shape = SHAPE | otherwise
    if kind == "distilbert":
        renamed = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
        renamed["intermediate_size"] = "hidden_dim"
        shape = {renamed.get(entry, entry): value for entry, value in shape.items()}
    return AutoConfig.for_model(kind, **shape, **told)


def built(name: str, loader=None, **otherwise):
    """In eval mode, with weights large enough to tell inputs apart and biases that are not 0."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    model = (loader or AutoModelForSequenceClassification).from_config(config(name, **otherwise)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return model


def examples(name: str, lengths=(5, 9, 3, 7)):
    """Of so many tokens each, with two classes."""
    import torch

    from lottery.data.examples import Examples

    generator = torch.Generator().manual_seed(1)
    sequences = {"input_ids": [torch.randint(5, 55, (n,), generator=generator) for n in lengths]}
    return Examples(sequences, {"labels": torch.arange(len(lengths)) % 2}, {"input_ids": PADDING.get(name, 0)})
