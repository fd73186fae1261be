"""The files of a saved model's folder: which are read, and which belong to it though nothing here reads them."""

# All that is opened, as patterns of names at the folder's top: what else lies there changes nothing.
READ = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "adapter_config.json",  # transformers looks for it where peft is installed
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",  # of sentencepiece
)
