"""Good, random and bad subnetworks of one size, and what survives in all seeds (Prasanna et al. 2020, section 4).

A search finds the good one. The others are drawn or chosen beside it; like it they are masks of components or of
weights, and each can be a `Ticket` on any model of the shape.
"""

from dataclasses import replace
from typing import ClassVar, Literal

import torch

from lottery import masks
from lottery.choices import choose
from lottery.data.examples import seeded
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.masks import Mask
from lottery.models import opening
from lottery.store import Count, Run, parameters

Search = ComponentSearch | MagnitudeSearch
Which = Literal["good", "random", "bad"]


@parameters
class Drawn:
    """A random subnetwork: as many heads, MLPs or weights as were found, but any of them."""

    version: ClassVar[int] = 1
    like: Search
    seed: Count
    recipe: Literal["printed", "released"] = "printed"  # "released": of components only as many in expectation

    def mask(self, run: Run) -> Mask:
        """Components of each kind, or weights of all matrices together, drawn evenly without replacement."""
        good, generator = self.like.mask(run), seeded(self.seed)
        parts, weights = masks.parted(good)
        if weights:
            shapes = {name: kept.shape for name, kept in weights.items()}
            return masks.keep_random(shapes, masks.sparsity(weights), generator)
        if self.recipe == "released":
            return {
                name: torch.rand(kept.shape, generator=generator) < kept.float().mean() for name, kept in parts.items()
            }
        return drawn_like(parts, self.seed)


@parameters
class Bad:
    """What the search would remove first: of the good one's size, or what of that is disjoint from it.

    Where more than half is kept, a bad subnetwork of the same size must share 2k - n of the n with the good one.
    """

    version: ClassVar[int] = 1
    like: Search
    seed: Count  # of the choice among components; of weights those of the lowest score are kept
    disjoint: bool = False  # True: only what was removed, even where that is fewer

    def mask(self, run: Run) -> Mask:
        """Components: those removed, and as many of the good as are lacking; or a draw from those removed."""
        parts, weights = masks.parted(self.like.mask(run))
        if weights:
            return self._weights(run, weights)
        return bad_beside(parts, self.seed, disjoint=self.disjoint)

    def _weights(self, run: Run, good: Mask) -> Mask:
        of = opening.encoder_weights(self.like.of.weights(run), embeddings=False, pooler=False)
        scores = choose("importance", self.like.importance).score(of, {}, seeded(self.like.seed))
        removed = masks.sparsity(good)
        if not self.disjoint:
            return masks.keep_lowest(scores, removed)
        return masks.keep_lowest(scores, max(removed, 1 - removed)) if removed else masks.complement(good)


@parameters
class Crossed:
    """The heads of one subnetwork with the MLPs of another: which of the two it is that a bad one lacks."""

    version: ClassVar[int] = 1
    heads: ComponentSearch | Bad
    mlps: ComponentSearch | Bad

    def mask(self, run: Run) -> Mask:
        """The components."""
        return self.mlps.mask(run) | {masks.HEADS: self.heads.mask(run)[masks.HEADS]}


@parameters
class Survivors:
    """The components that the searches of all seeds keep, or as many others (section 6).

    good    kept in every seed: the super-survivors
    bad     removed in every seed, cut down or filled up to as many from those in between
    random  from those in between, filled up where they are too few; it holds no super-survivor while it can do without
    """

    version: ClassVar[int] = 1
    of: ComponentSearch  # the search of one seed
    seeds: tuple[int, ...]  # of the fine-tunings whose searches are counted
    which: Which = "good"
    seed: Count = 0  # of the choice

    @property
    def preceding(self) -> list[ComponentSearch]:
        """The searches of all seeds."""
        return [replace(self.of, of=replace(self.of.of, seed=seed)) for seed in self.seeds]

    def mask(self, run: Run) -> Mask:
        """The components."""
        kept = [search.mask(run) for search in self.preceding]
        generator = seeded(self.seed)
        return {name: self._chosen(torch.stack([mask[name] for mask in kept]), generator) for name in kept[0]}

    def _chosen(self, kept: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        always, never = kept.all(0), ~kept.any(0)
        if self.which == "good":
            return always
        between, wanted = ~always & ~never, int(always.sum())
        order = {"bad": (never, between, always), "random": (between, never, always)}[self.which]
        chosen = torch.zeros_like(always)
        for group in order:
            chosen |= _some(group, min(wanted - int(chosen.sum()), int(group.sum())), generator)
        return chosen


def drawn_like(good: Mask, *seeds: int) -> Mask:
    """As many heads and MLPs as a mask of components keeps, drawn evenly without replacement."""
    generator = seeded(*seeds)
    return {name: _some(torch.ones_like(good[name]), int(good[name].sum()), generator) for name in sorted(good)}


def bad_beside(good: Mask, seed: int, *, disjoint: bool = False) -> Mask:
    """What a mask of components removes, and as many of what it keeps as are lacking; see `Bad`."""
    generator = seeded(seed)
    return {name: _bad(good[name], generator, disjoint=disjoint) for name in sorted(good)}


def _bad(good: torch.Tensor, generator: torch.Generator, *, disjoint: bool) -> torch.Tensor:
    wanted, removed = int(good.sum()), ~good
    lacking = wanted - int(removed.sum())
    if lacking <= 0:
        return _some(removed, wanted, generator)
    return removed if disjoint else removed | _some(good, lacking, generator)


def _some(of: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """A mask of `count` of the places of a mask, drawn evenly."""
    places = of.flatten().nonzero().flatten()
    chosen = torch.zeros(of.numel(), dtype=torch.bool)
    chosen[places[torch.randperm(len(places), generator=generator)[:count]]] = True
    return chosen.view(of.shape)
