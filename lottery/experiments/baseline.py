"""Training a baseline on a task: what its training set teaches a model that knows no word beforehand."""

from typing import Any, ClassVar

from accelerate import Accelerator
from accelerate.utils import set_seed
from pydantic import InstanceOf

from lottery import training
from lottery.choices import choose, named
from lottery.experiments import Data, Start, starts
from lottery.models import opening, state
from lottery.store import Count, Positive, Run, Size, parameters
from lottery.training import evaluation
from lottery.training.evaluation import Exam


@parameters
class Baseline:
    """One baseline trained on one task with one seed; of the start's model it has the tokenizer and nothing else."""

    version: ClassVar[int] = 1
    start: InstanceOf[Start]
    kind: named("baselines")
    task: str  # a file in lottery/tasks, or "own"; no task that asks for a span
    epochs: Positive
    batch_size: Size
    learning_rate: Positive
    width: Size  # of the embeddings, the hidden layer and the states of a direction
    max_length: Size  # tokens of an example, at most
    seed: Count  # of the weights, the order of the examples and dropout
    data: Data = ""  # the published files of the task, as for `Given`; "": the data that the start brings

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`; `steps`, `train_loss`, `majority` as in FineTuning; `model_size`.

        model_size  number of the model's parameters, embeddings included
        """
        set_seed(self.seed)
        task = self.start.task_named(self.task)
        if task.KIND in ("span", "tags"):
            raise ValueError(
                f"task = {self.task!r} asks for {'a part' if task.KIND == 'span' else 'each word'} of the text, and a "
                "baseline answers with a class or a number: give a task of classes or numbers"
            )
        tables = starts.published(self.task, self.data) if self.data else self.start.tables(self.task)
        source = self.start.weights(run)
        tokenizer = opening.tokenizer(source)
        if tokenizer.sep_token_id is None:
            raise ValueError(
                f"the tokenizer of {source!r} has no separator token: name one in its tokenizer_config.json"
            )
        model = choose("baselines", self.kind).build(
            vocabulary=opening.configuration(source).vocab_size,
            outputs=evaluation.outputs(task),
            width=self.width,
            pair=task.PAIR,
            separator=tokenizer.sep_token_id,
        )
        exam = Exam(task, tables, tokenizer, self.max_length)
        train = exam.encoded(tables["train"])
        steps = training.steps_in(train, epochs=self.epochs, batch_size=self.batch_size)
        model.to(Accelerator().device)
        training.fine_tune(
            model,
            training.adamw(model, learning_rate=self.learning_rate),
            train,
            steps=steps,
            batch_size=self.batch_size,
            seed=self.seed,
            checkpoint=run.checkpoint(),
            title=f"training {self.kind} on {task.TITLE}",
        )
        scores, answers = exam.score(model)
        run.once("answers.parquet", lambda: answers)
        metrics = {"steps": steps, "train_loss": training.mean_loss(model, train)}
        metrics["model_size"] = state.size(model.parameters())
        constant = exam.majority()
        if "accuracy" in constant:
            metrics["majority_accuracy"] = constant["accuracy"]
        return metrics | {"majority": constant[task.METRIC]} | scores
