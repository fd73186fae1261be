"""Fine-tuning a pre-trained model, whole or pruned, on a task, and scoring it on the task's dev set."""

from typing import Any, ClassVar

from accelerate import Accelerator
from accelerate.utils import set_seed

from lottery import evaluation, models, pruning, training
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature
from lottery.experiments.starts import Given, Own
from lottery.runs import Count, Positive, Run, Size, parameters


@parameters
class FineTuning:
    """One model fine-tuned on one task with one seed; what was pruned from it stays away."""

    version: ClassVar[int] = 1
    start: Given | Own | Miniature | GradualPruning
    task: str  # a file in lottery/tasks, or "own"
    epochs: Positive
    batch_size: Size
    learning_rate: Positive
    max_length: Size  # tokens of an example, at most
    seed: Count  # of the new head, the order of the examples and dropout
    saved: bool  # whether the fine-tuned model is kept in the run's folder

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `evaluation.score`, `majority`, `steps` and `train_loss`.

        majority    the score of one answer to all of dev
        train_loss  over all of train, dropout off
        """
        set_seed(self.seed)
        task = self.start.task(self.task)
        source = self.start.weights(run)
        tokenizer = models.tokenizer(source)
        tables = self.start.tables(self.task)
        model = evaluation.with_head(source, task)
        models.check_length(model, self.max_length)
        train = evaluation.encoded(task, tables["train"], tokenizer, self.max_length)
        steps = training.steps_in(train, epochs=self.epochs, batch_size=self.batch_size)
        optimizer = training.adamw(model, learning_rate=self.learning_rate)
        model.to(Accelerator().device)
        weights = models.prunable(model, embeddings=True)
        mask = self.start.mask(run)
        # Under a head that reads spans there is no pooler.
        here = {name for name in mask if name in weights or not name.startswith(models.POOLER)}
        with pruning.held(weights, {name: mask[name].to(model.device) for name in here}, optimizer):
            training.fine_tune(
                model,
                optimizer,
                train,
                steps=steps,
                batch_size=self.batch_size,
                seed=self.seed,
                checkpoint=run.checkpoint(),
                title=f"fine-tuning on {task.TITLE}",
            )
        if self.saved:
            run.folder("model", lambda folder: models.save(model, tokenizer, folder))
        found, answers = evaluation.score(model, task, tables, tokenizer, self.max_length)
        run.once("answers.parquet", lambda: answers)
        losses = {"steps": steps, "train_loss": training.mean_loss(model, train)}
        return losses | {"majority": evaluation.majority(task, tables)[task.METRIC]} | found
