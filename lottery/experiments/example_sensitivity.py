"""How the importance of each head and MLP is made up of single examples."""

from typing import Any, ClassVar

import torch

from lottery.experiments.fine_tuning import FineTuning
from lottery.pruning import components, sensitivity
from lottery.store import Run, parameters

QUANTILES = 21  # of the size of an example's gradient: 0, 5%, ... 100%


@parameters
class ExampleSensitivity:
    """The gradients of all gates for all examples of the dev set (Michel et al. 2019, equation 2), summed up."""

    version: ClassVar[int] = 1
    of: FineTuning

    def perform(self, run: Run) -> dict[str, Any]:
        """Of heads, layer by layer, and of MLPs, each a list.

        heads_left, mlps_left            |mean| over mean of |dL/dxi|, in [0, 1]: what is left where signs cancel
        heads_by_tenth, mlps_by_tenth    share of the sum of |dL/dxi| that the tenth of the examples with the largest
                                         make, in [0.1, 1]
        quantiles                        of |dL/dxi| of the head with the highest mean, QUANTILES of them, in nats
        examples, layers                 their numbers
        """
        model, exam = self.of.opened(run)
        given = exam.encoded(exam.tables["dev"])
        sensitivities = sensitivity.per_example(model, given, components.everything(model.config))
        metrics: dict[str, Any] = {"examples": len(given), "layers": model.config.num_hidden_layers}
        for name, gradients in sensitivities.items():
            gradients = gradients.flatten(1).double()
            sizes = gradients.abs().sort(dim=0, descending=True).values
            tenth = sizes[: max(1, len(sizes) // 10)].sum(0) / sizes.sum(0)
            metrics[f"{name}_left"] = (gradients.mean(0).abs() / sizes.mean(0)).tolist()
            metrics[f"{name}_by_tenth"] = tenth.tolist()
        heads = sensitivities["heads"].flatten(1).abs()
        of_highest = heads[:, heads.mean(0).argmax()]
        return metrics | {"quantiles": of_highest.quantile(torch.linspace(0, 1, QUANTILES)).tolist()}
