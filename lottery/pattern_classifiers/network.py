"""Six convolutions of 3 x 3 over the picture of a map, as in Prasanna et al. 2020 (arXiv:2005.00561, section 5.2)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm

from lottery import schedules
from lottery.attention.patterns import PATTERNS, prepared

EPOCHS, STEPS = 12, 150  # at least; few maps are seen more often, as in the released code 400 maps 200 times
BATCH_SIZE, RATE = 64, 2e-3


def network() -> nn.Sequential:
    """(maps, 1, side, side) -> (maps, patterns) scores; the layers of the released code, but with padding.

    16, 16, 32, 32, 64, 64 channels, halved after the second and the fourth, then 1 x 1 and the mean over the picture.
    Without padding, as released, columns at the border, which are those of [CLS] and [SEP], hardly reach that mean.
    """
    layers: list[nn.Module] = []
    before = 1
    for number, channels in enumerate((16, 16, 32, 32, 64, 64), 1):
        layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if number in (2, 4) else []
        before = channels
    layers += [nn.Conv2d(64, 16, 1), nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, len(PATTERNS), 1), nn.Flatten()]
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def fit(maps: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> dict[str, Tensor]:
    """The weights, trained by Adam on cross-entropy, all maps in every epoch, in an order drawn by the seed.

    The learning rate rises for a tenth of the steps and falls to 0.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = network()
        pictures, targets = prepared(maps), torch.as_tensor(np.asarray(labels), dtype=torch.int64)
        batches = -(-len(pictures) // BATCH_SIZE)
        epochs = max(EPOCHS, -(-STEPS // batches))
        steps = epochs * batches
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
        rate = torch.optim.lr_scheduler.LambdaLR(optimizer, schedules.linear_with_warmup(steps, steps // 10))
        for _ in tqdm(range(epochs), desc="patterns", leave=False, disable=None):
            for part in torch.randperm(len(pictures)).split(BATCH_SIZE):
                loss = cross_entropy(model(pictures[part]), targets[part])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
    return model.state_dict()


def predict(learnt: dict[str, Tensor], maps: Sequence[np.ndarray]) -> np.ndarray:
    """The softmax of the scores."""
    with torch.device("meta"):  # no weights are drawn that would be thrown away
        model = network()
    model.load_state_dict(learnt, assign=True)
    with torch.inference_mode():
        return torch.cat([model(part) for part in prepared(maps).split(256)]).softmax(-1).numpy()
