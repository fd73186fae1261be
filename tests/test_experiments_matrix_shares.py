"""What a mask takes from each matrix, counted weight by weight."""

import pytest

from lottery import store
from lottery.experiments.matrix_shares import MatrixShares
from lottery.experiments.starts import Given
from lottery.experiments.tickets import Cut
from lottery.models import families, opening


@pytest.mark.parametrize("scope", ["local", "global"])
def test_the_shares_are_those_counted_below_the_threshold(bert_folder, tmp_path, scope):
    """The random weights are all different, so that the removed are those up to the largest of them."""
    given = Given(model=bert_folder, data="none")
    cut = Cut(of=given, importance="magnitude", scope=scope, embeddings=True, sparsity=0.4, seed=1)
    told = store.perform(MatrixShares(kept=cut), tmp_path).metrics
    weights = families.prunable(opening.for_pretraining(bert_folder), embeddings=True)
    assert told["matrices"] == list(weights)
    magnitudes = {name: sorted(abs(value) for value in weight.flatten().tolist()) for name, weight in weights.items()}
    pooled = sorted(value for values in magnitudes.values() for value in values)
    for name, size, share in zip(told["matrices"], told["sizes"], told["shares"], strict=True):
        among = pooled if scope == "global" else magnitudes[name]
        removed = among[: round(0.4 * len(among))]
        assert size == len(magnitudes[name])
        assert share == pytest.approx(sum(value <= removed[-1] for value in magnitudes[name]) / size)
    assert (len({round(share, 2) for share in told["shares"]}) == 1) == (scope == "local")


def test_nothing_removed_is_a_list_of_zeros(bert_folder, tmp_path):
    given = Given(model=bert_folder, data="none")
    cut = Cut(of=given, importance="magnitude", scope="global", embeddings=False, sparsity=0.0, seed=1)
    told = store.perform(MatrixShares(kept=cut), tmp_path).metrics
    assert told["shares"] == [0.0] * len(told["matrices"])
