"""A mask learned on a task, over weights that stay as pre-trained or are fine-tuned under it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal

import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from pydantic import InstanceOf
from transformers import PreTrainedModel

from lottery import masks, schedules, store, training
from lottery.choices import choose, named
from lottery.data.examples import Batch, Examples, sorted_batches
from lottery.data.examples import epochs as batch_epochs
from lottery.experiments import Data, Start, starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.mask_learning import Pressing
from lottery.masks import Mask
from lottery.masks import files as mask_files
from lottery.models import families, opening, state
from lottery.pruning import Weights
from lottery.schedules import Schedule
from lottery.store import Count, Fraction, NotNegative, Positive, Run, Size, parameters
from lottery.task_heads._headed import Headed, stock
from lottery.tasks import Task
from lottery.training import contrast, distillation, mask_training
from lottery.training.evaluation import Exam
from lottery.training.mask_training import Learner

MASK = "mask.safetensors"
POWERS = {"cubic": 3, "linear": 1}  # of `schedules.rise`


@parameters
class LearnedMask:
    """One mask learned by one method on one task with one seed, and the model that it leaves (Jiang et al. 2023).

    As in the paper the learning rates fall to 0 in a line from the first step on, and the model at the end is scored.
    """

    version: ClassVar[int] = 1
    start: InstanceOf[Start]
    task: str  # a file in lottery/tasks, or "own"
    method: named("mask_learning")
    head: named("task_heads") = "random"
    released_words: bool = False  # whether labels get the words that the released code gives them, where these differ
    sparsity: Fraction  # asked for in the end, of the six matrices of every layer; of no effect on a threshold
    epochs: Positive
    ramp: Positive  # share of the steps over which the sparsity, or the threshold, rises
    batch_size: Size
    score_rate: Positive  # learning rate of the scores
    weight_rate: Positive  # of the weights where they are fine-tuned, and of the head
    strength: NotNegative  # of the regulariser that presses scores down
    pressing: Pressing  # whether that rises with the sparsity, over the whole run, or not
    summed: bool = False  # whether the regulariser is a sum over all weights, as printed, or a mean of means
    max_length: Size  # tokens of an example, at most
    seed: Count  # of the head, the order of the examples, dropout and noise
    teacher: FineTuning | None = None  # the fine-tuned model that guides it; None: none does
    guided: distillation.Recipe = "released"  # how it does
    data: Data = ""  # the published files of the task, as for `Given`; "": the data that the start brings
    taught: Fraction = 0.5  # share of the teacher in the loss of the recipe "released"
    contrasted: contrast.Recipe | None = None  # with the vectors of teacher and earlier selves, as CAP; None: not
    rise: Literal["cubic", "linear"] = "cubic"  # along which it rises; a pressing over the whole run is cubic always
    saved: bool = False  # whether the model as it was scored is kept in the run's folder, with its head
    train_examples: Count = 0  # of the training set, at most so many, drawn as by `splitting.stratified`; 0: all
    dev_examples: Count = 0  # of each other split, likewise

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`, `majority`, `steps`, `train_loss`, and what the mask is.

        train_loss  over all of train, dropout off
        sparsity_met, removed, weights  share and number of the weights removed, of so many in the matrices
        matrices, shares  their names, and the share of each that stays
        query_heads, key_heads, value_heads, output_heads  share that stays of each head's rows of the matrix, or of its
                    columns of the last: layers * heads numbers, layer by layer
        trained     parameters trained, scores and others
        losses      where `contrasted`, over all of train at the end: the guided loss, and the unsupervised and the
                    supervised term against all banks, as weighted
        changed     numbers of the encoder, of its matrices, biases and norms, that differ from the pre-trained ones and
                    are not 0: what has to be stored beside the mask
        mask_alone, weights_alone, neither  `score` where the mask lies over the pre-trained encoder, where the trained
                    encoder has no mask, and of the pre-trained encoder without one; each under the head as trained
        loss_pull, regulariser_pull  where scores are learned: `mask_training.pull` on the first step's examples before
                    training, and after it loss_pull_after and regulariser_pull_after; the guided loss with a teacher
        """
        set_seed(self.seed)
        if self.ramp > 1:
            raise ValueError(f"ramp = {self.ramp}: the sparsity rises over a share of the steps, at most 1")
        task, source = self.start.task_named(self.task), self.start.weights(run)
        tokenizer = opening.tokenizer(source)
        head = choose("task_heads", self.head)
        model = head.build(source, task, tokenizer, released=self.released_words).to(Accelerator().device)
        families.check_length(model.config, self.max_length)
        before = state.snapshot(model.base_model)
        exam = Exam(task, self.tables(self.task), tokenizer, self.max_length)
        train = exam.encoded(exam.tables["train"])
        steps = training.steps_in(train, epochs=self.epochs, batch_size=self.batch_size)
        rise = schedules.rise(steps=max(1, round(self.ramp * steps)), power=POWERS[self.rise])
        weights = families.prunable(model, embeddings=False, pooler=False)
        learner = mask_training.learner(choose("mask_learning", self.method), weights)
        given, loss, banks = self._guidance(run, task, train, steps, learner)
        optimizer = mask_training.optimizer(
            model,
            weights,
            learner,
            score_rate=self.score_rate,
            weight_rate=self.weight_rate,
            head=head.TRAINED,
        )
        learned = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        first = given.batch(batch_epochs(given, self.batch_size, self.seed)(0))
        before_training = self._pull(model, weights, learner, first, progress=0.0)
        with mask_training.learning(
            model,
            weights,
            learner,
            optimizer,
            sparsity=self.sparsity,
            progress=rise,
            strength=self._strength(rise, steps),
            summed=self.summed,
        ):
            training.fine_tune(
                model,
                optimizer,
                given,
                steps=steps,
                batch_size=self.batch_size,
                seed=self.seed,
                loss=loss,
                schedule=schedules.linear_with_warmup(steps, 0),
                clipped=learned,
                carried=learner.carried | (banks.carried if banks else {}),
                checkpoint=run.checkpoint(),
                title=f"{self.method} on {task.TITLE} at sparsity {self.sparsity:g}",
            )
        mask = mask_training.kept(learner, self.sparsity)
        if self.saved:
            whole = stock(model, task.LABELS) if isinstance(model, Headed) else model
            run.folder("model", lambda folder: opening.save(whole, tokenizer, folder))
        mask_files.save(
            run.path / MASK,
            mask,
            model=f"{type(self.start).__name__} {store.key(self.start)}",
            method=self.method,
            asked=self.sparsity,
            seed=self.seed,
            scored=mask_files.Scored(
                weights=masks.digest(weights, mask),
                trained=not learner.method.FROZEN,
                task=self.task,
                labels=tuple(task.LABELS),
                head=self.head,
                head_weights=masks.digest(families.head_parameters(model), {}) if head.TRAINED else "",
            ),
        )
        scores, answers = exam.score(model)
        run.once("answers.parquet", lambda: answers)
        after_training = self._pull(model, weights, learner, first, progress=1.0)
        return {
            "steps": steps,
            "train_loss": training.mean_loss(model, train),
            "majority": exam.majority()[task.METRIC],
            "trained": state.size(learned),
            "changed": state.changed(model.base_model, before),
            **({"losses": self._losses(model, given, banks)} if banks else {}),
            **before_training,
            **{f"{name}_after": pull for name, pull in after_training.items()},
            **_swapped(model, learner, self.sparsity, before, exam.scoring(exam.tables["dev"]), scores["score"]),
            **_mask_metrics(mask, model),
            **scores,
        }

    def mask(self, run: Run) -> Mask:
        """What stays."""
        return mask_files.load(run.need(self).path / MASK)[0]

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The data it was given, or those of its start."""
        return starts.part(starts.tables(self.start, task, self.data), self.train_examples, self.dev_examples)

    def _strength(self, rise: Schedule, steps: int) -> Schedule:
        over_run = schedules.rise(steps=steps)
        return {
            "ramp": lambda step: self.strength * rise(step),
            "run": lambda step: self.strength * over_run(step),
            "constant": lambda step: self.strength,
        }[self.pressing]

    def _guidance(
        self, run: Run, task: Task, train: Examples, steps: int, learner: Learner
    ) -> tuple[Examples, contrast.Loss | None, contrast.Banks | None]:
        """What to train on, with the teacher's scores where there is one, the loss, None for the model's own; banks."""
        if self.teacher is None:
            if self.contrasted:
                raise ValueError("contrasted: vectors are contrasted with those of a teacher, too; give one")
            return train, None, None
        if task.KIND == "regression":
            raise ValueError(
                f"teacher: {task.TITLE} asks for a number, and over one number a teacher's distribution says nothing; "
                "give no teacher"
            )
        if self.contrasted and task.KIND != "classification":
            raise ValueError(f"contrasted: {task.TITLE} has no classes to draw together; give contrasted = None")
        teacher, _ = self.teacher.opened(run)
        given = distillation.with_teacher(task.KIND, teacher, train, self.taught)
        if task.KIND == "span":
            return given, self._taught, None
        if self.contrasted is None:
            return given, self._taught, None
        each = -(-len(train) // self.batch_size)
        banks = contrast.banks(teacher, train, epochs=-(-steps // each))
        given = replace(given, numbers=given.numbers | {contrast.EXAMPLE: torch.arange(len(train))})

        def epoch() -> tuple[int, bool]:
            number, place = divmod(int(learner.done), each)
            return number, place == 0

        return given, contrast.contrasted(self._taught, banks, given, epoch, self.contrasted), banks

    @property
    def _taught(self) -> contrast.Loss:
        return distillation.guided(self.guided, self.taught)

    def _pull(
        self, model: PreTrainedModel, weights: Weights, learner: Learner, batch: Batch, *, progress: float
    ) -> dict[str, float]:
        """The metrics of `mask_training.pull` by these examples, dropout off; none where no scores are learned."""
        if not learner.scores:
            return {}
        loss = self._taught if self.teacher else lambda model, batch: model(**batch).loss
        batch = {name: tensor.to(model.device) for name, tensor in batch.items() if name != contrast.EXAMPLE}

        def of_batch() -> torch.Tensor:
            with Accelerator().autocast():
                return loss(model, batch)

        training_before = model.training
        model.eval()
        pull = mask_training.pull(
            model, weights, learner, of_batch, sparsity=self.sparsity, progress=progress, summed=self.summed
        )
        model.train(training_before)
        return {"loss_pull": pull.loss, "regulariser_pull": pull.regulariser}

    def _losses(self, model: PreTrainedModel, given: Examples, banks: contrast.Banks) -> list[float]:
        last, total = banks.snapshots.shape[1], torch.zeros(3)
        with training.evaluating(model):
            for positions in sorted_batches(given.lengths, self.batch_size):
                batch = {name: tensor.to(model.device) for name, tensor in given.batch(positions).items()}
                terms = contrast.parts(model, batch, self._taught, banks, last, self.contrasted)
                total += terms.cpu() * len(positions) / len(given)
        return total.tolist()


def _swapped(
    model: PreTrainedModel,
    learner: Learner,
    sparsity: float,
    before: dict[str, torch.Tensor],
    scored: Callable[[PreTrainedModel], float],
    score: float,
) -> dict[str, float]:
    """The metrics of mask and weights each without the other that `LearnedMask.perform` names.

    before  the state of the encoder as it was pre-trained
    score   with both; of weights that stay as they are the mask is all there is to it
    """
    encoder = model.base_model
    with state.holding(encoder, before):
        neither = scored(model)
    if learner.method.FROZEN:
        return {"mask_alone": score, "weights_alone": neither, "neither": neither}
    gates = learner.method.settled(learner.ranked(), sparsity)
    masked = before | {name: before[name] * gate.cpu() for name, gate in gates.items()}
    with state.holding(encoder, masked):
        mask_alone = scored(model)
    with state.holding(encoder, {name: value.detach() for name, value in learner.own.items()}):
        weights_alone = scored(model)
    return {"mask_alone": mask_alone, "weights_alone": weights_alone, "neither": neither}


def _mask_metrics(mask: Mask, model: PreTrainedModel) -> dict[str, Any]:
    """The metrics of a mask that `LearnedMask.perform` names."""
    kinds = ("query", "key", "value", "output")
    one = families.head_size(model.config) * model.config.hidden_size
    heads = families.by_head(mask, model.config).values()
    by_head = torch.stack([own.view(-1, one)[: len(kinds)].float().mean(1) for own in heads])
    return {
        "sparsity_met": masks.sparsity(mask),
        "removed": masks.removed(mask),
        "weights": masks.size(mask),
        "matrices": list(mask),
        "shares": [kept.float().mean().item() for kept in mask.values()],
        **{f"{kind}_heads": shares.tolist() for kind, shares in zip(kinds, by_head.T, strict=True)},
    }
