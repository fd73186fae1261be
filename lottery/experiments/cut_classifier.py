"""A fine-tuned model made smaller in one of several ways, and healed with the whole one as its teacher."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from accelerate import Accelerator
from accelerate.utils import set_seed
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.smaller import MODEL, component_scores, heal, leave_words_of, save
from lottery.findings.own_answers import Metric
from lottery.models import opening, state
from lottery.models.timing import Reader
from lottery.pruning import ways
from lottery.pruning.ways import Way
from lottery.store import Count, Fraction, NotNegative, Positive, Run, Size, parameters
from lottery.tasks import score
from lottery.training import evaluation, reading

SEEN = 512  # examples of the training set at most, from which the importance is taken


@parameters
class CutClassifier:
    """What goes is chosen on the training set, and healed on it; dev is not looked at."""

    version: ClassVar[int] = 1
    of: FineTuning  # saved
    way: Way
    share: Fraction  # of what goes
    epochs: NotNegative  # of healing
    batch_size: Size
    learning_rate: Positive
    seed: Count
    taught: Fraction = 0.9  # share of the teacher in the loss
    fewer_words: bool = False  # whether the pieces of words that the training set does not use are cut in the end

    @property
    def whole(self) -> "CutClassifier":
        """The model of which nothing goes, and which learns no more."""
        return replace(self, way="nothing", share=0.0, epochs=0.0, seed=0, fewer_words=False)

    def with_seed(self, seed: int) -> "CutClassifier":
        """The same of another fine-tuning, whose seed the healing has, too."""
        return replace(self, of=replace(self.of, seed=seed), seed=seed if self.epochs else 0)

    def perform(self, run: Run) -> dict[str, Any]:
        """`numbers`, the parameters it has left, and `steps`, the updates of healing. The model stays in its folder."""
        if self.fewer_words:
            small, tokenizer = replace(self, fewer_words=False).opened(run)
            train = self.of.tables(self.of.task)["train"]
            staying = leave_words_of(train, small, tokenizer)
            run.folder(MODEL, lambda folder: save(small, tokenizer, folder, staying))
            return {"numbers": state.size(small.parameters()), "steps": 0}
        set_seed(self.seed)
        whole, exam = self.of.opened(run)
        train = exam.encoded(exam.tables["train"])
        scored = self.way in ways.SCORED
        scores = component_scores(whole, exam, exam.tables["train"], self.seed, most=SEEN) if scored else {}
        small, kept = ways.smaller(whole, self.way, self.share, scores)
        small.to(Accelerator().device)
        steps = heal(
            small,
            whole,
            exam,
            train,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            taught=self.taught,
            seed=self.seed,
            kept={name: mask.to(small.device) for name, mask in kept.items()},
            checkpoint=run.checkpoint(),
            title=f"healing, {self.share:.0%} gone: {self.way}",
        )
        run.folder(MODEL, lambda folder: opening.save(small, exam.tokenizer, folder))
        return {"numbers": state.size(small.parameters()), "steps": steps}

    def weights(self, run: Run) -> str:
        """The folder of the smaller model."""
        return str(run.need(self).path / MODEL)

    def opened(self, run: Run) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """The smaller model, dropout off, and its tokenizer."""
        folder = self.weights(run)
        task = self.of.task_named(self.of.task)
        return evaluation.with_head(folder, task, ours=True).eval(), opening.tokenizer(folder)

    def answering(self, run: Run) -> Callable[[Reader], np.ndarray]:
        """What a reader of the task answers to every row of dev, (n,): classes, or numbers."""
        _, exam = self.of.opened(run)
        given = replace(exam, tokenizer=opening.tokenizer(self.weights(run))).encoded(exam.tables["dev"])

        def answers(reader: Reader) -> np.ndarray:
            return evaluation.decided(exam.task, reading.read(reader, given, lambda output, _: output.logits))

        return answers

    def truth(self, run: Run) -> np.ndarray:
        """The right answers, (n,)."""
        return evaluation.truth(self.of.task_named(self.of.task), self.of.tables(self.of.task)["dev"])

    def metric(self) -> Metric:
        """The task's score."""
        return partial(score, self.of.task_named(self.of.task))

    @property
    def counted(self) -> bool:
        """Whether the score is the share of right answers."""
        return self.of.task_named(self.of.task).METRIC == "accuracy"
