"""How likely a trained model finds sequences, and single substitutions in them.

The importance-weighted bound of Burda et al. (2016, arXiv:1509.00519, equation 8) with K draws is never below the ELBO
on average, and comes closer to the log likelihood the larger K is.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from latentseq.decoding import prepare
from latentseq.embedding import batches, require_same_columns
from latentseq.features import Features
from latentseq.onehot import BASES, FEWEST_SEEN, LETTERS, encode_letters
from latentseq.selection import find_rows, yes_no
from latentseq.vae import NORMALISED, VAE, rows_at_once

logger = logging.getLogger(__name__)


class Bounds(NamedTuple):
    """Lower bounds on the log likelihood of each row, in nats; both (n,) float64 from the same draws."""

    elbo: Tensor
    importance_weighted: Tensor


class Scorer:
    """A model with the draws that all rows share.

    The noise behind z is the same for every row: so the bound of a sequence does not depend on which others are
    scored with it, and that of two sequences that hardly differ differs by little more than they do.
    """

    def __init__(self, model: VAE, draws: int, seed: int, kl_weight: float) -> None:
        prepare(model)
        self.model = model
        generator = torch.Generator().manual_seed(seed)
        self.noise = torch.randn(draws, model.architecture.n_latent, generator=generator)
        self.scale = likelihood_scale(model, kl_weight)

    @torch.no_grad()
    def bounds(self, x: Tensor) -> Bounds:
        """ELBO and importance-weighted ELBO of some rows; x as the model reads it, (n, columns)."""
        mu, logvar = self.model.encode(x)
        weights = torch.stack([self.log_weights(x, mu, logvar, noise) for noise in self.noise])
        return Bounds(weights.mean(dim=0), weights.logsumexp(dim=0) - math.log(len(weights)))

    def log_weights(self, x: Tensor, mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
        """Log of p(x given z) p(z) / q(z given x) at z = mu + sigma * noise, (n,) float64; noise (n_latent,)."""
        z = mu + (0.5 * logvar).exp() * noise
        losses = self.model.reconstruction_loss(self.model.decode(z), x)
        reconstruction = self.model.weighted_sum({name: loss.double() for name, loss in losses.items()})
        # the constants of the two Gaussian densities cancel
        scale = self.model.prior_scale
        ratio = noise.square() - (z / scale).square() + logvar - 2 * scale.log()
        log_ratio = 0.5 * ratio.double().sum(dim=1)
        return log_ratio - self.scale * reconstruction


def likelihood_scale(model: VAE, kl_weight: float) -> float:
    """What a reconstruction loss is multiplied with to be a negative log likelihood.

    One for true probabilities. The losses of k-mer models are none; divided by the KL weight they give the bound that
    training raised, up to a constant. Raises ValueError when that weight is zero.
    """
    if all(block.likelihood in NORMALISED for block in model.architecture.blocks):
        return 1.0
    if not kl_weight:
        raise ValueError(
            "This model was trained with vae.kl_weight 0: it has no prior, so its sequences have no likelihood.\n"
            "Hint: train with a KL weight above 0 to score sequences."
        )
    return 1 / kl_weight


def score_sequences(
    features: Features, model: VAE, held_out: np.ndarray, *, draws: int, seed: int, kl_weight: float
) -> pd.DataFrame:
    """Score every sequence; held_out: (n,) bool.

    Columns: sequence, held_out, elbo and iw_elbo (in nats), draws (K), meaning: `log likelihood` where the bounds are
    on the true one, `ranking only` where they hold up to a constant (k-mer models). Raises ValueError when the features
    are not for the model.
    """
    require_same_columns(features, model)
    scorer = Scorer(model, draws, seed, kl_weight)
    parts = [scorer.bounds(x) for x in batches(features, model)]
    elbo, weighted = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    if features.unseen_loss is not None:
        elbo, weighted = elbo - features.unseen_loss, weighted - features.unseen_loss
    means = float(elbo.mean()), float(weighted.mean())
    logger.info("%d sequences, K = %d: mean ELBO %.6g, importance-weighted %.6g", len(elbo), draws, *means)
    true = all(block.likelihood in NORMALISED for block in model.architecture.blocks)
    return pd.DataFrame(
        {
            "sequence": features.sequences,
            "held_out": yes_no(held_out),
            "elbo": elbo,
            "iw_elbo": weighted,
            "draws": draws,
            "meaning": "log likelihood" if true else "ranking only",
        }
    )


def score_substitutions(
    features: Features,
    model: VAE,
    codes: np.ndarray,
    names: Sequence[str],
    *,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Score all single substitutions of named sequences: iw_elbo with the other base minus that without, in nats.

    codes: (n, all columns) uint8, the whole alignment. Gaps, N and ambiguity codes are not substituted. A column that
    never varied is not in the network; there the score is the log-odds of the two bases with the pseudo-count that the
    network starts from. Columns of the table: sequence, column, from, to, score, in_network. Raises ValueError when the
    model is not of an alignment, or for a name that no sequence has.
    """
    if features.frame is None:
        raise ValueError(
            "Substitutions can be scored by the model of an alignment only.\nHint: empty score.substitutions_of."
        )
    require_same_columns(features, model)
    scorer = Scorer(model, draws, seed, kl_weight=1.0)
    rows = find_rows(features.sequences, names, "score.substitutions_of")
    tables = [substitutions_of(features, scorer, codes, row) for row in rows]
    empty = pd.DataFrame(columns=["sequence", "column", "from", "to", "score", "in_network"])
    return pd.concat(tables) if tables else empty


def substitutions_of(features: Features, scorer: Scorer, codes: np.ndarray, row: int) -> pd.DataFrame:
    """All single substitutions of one sequence."""
    frame = features.frame
    assert frame is not None
    whole = np.asarray(codes[row])
    column = np.repeat(np.flatnonzero(whole < len(BASES)), len(BASES))
    to = np.tile(np.arange(len(BASES), dtype=np.uint8), len(column) // len(BASES))
    column, to = column[to != whole[column]], to[to != whole[column]]
    inside = frame.variable[column]
    score = log_odds(encode_letters(frame.letters.encode())[column], whole[column], to, frame.n_sequences)
    place = np.cumsum(frame.variable) - 1  # of a column among those that vary
    score[inside] = mutant_scores(scorer, whole[frame.variable], place[column[inside]], to[inside])
    letters = np.array(list(LETTERS))
    return pd.DataFrame(
        {
            "sequence": features.sequences[row],
            "column": frame.columns[column],
            "from": letters[whole[column]],
            "to": letters[to],
            "score": score,
            "in_network": yes_no(inside),
        }
    )


def log_odds(constant: np.ndarray, before: np.ndarray, after: np.ndarray, n_sequences: int) -> np.ndarray:
    """Log-odds of one base against another where all sequences have the same letter; all (substitutions,) codes."""
    seen = [n_sequences * (constant == letter) + FEWEST_SEEN for letter in (after, before)]
    return np.log(seen[0] / seen[1])


def mutant_scores(scorer: Scorer, wild_type: np.ndarray, column: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Importance-weighted bound of each mutant minus that of the wild type, (substitutions,) float64.

    wild_type: (columns that vary,) codes; column, to: (substitutions,), where each mutant has which code instead.
    """
    reference = scorer.bounds(torch.from_numpy(wild_type[None]))
    parts = [scorer.bounds(x).importance_weighted for x in mutants(wild_type, column, to, rows_at_once(scorer.model))]
    return (torch.cat(parts) - reference.importance_weighted).numpy() if parts else np.zeros(0)


def mutants(wild_type: np.ndarray, column: np.ndarray, to: np.ndarray, size: int) -> Iterator[Tensor]:
    """Mutants of a sequence, so many at a time, (size, columns) uint8."""
    for start in range(0, len(column), size):
        changed = column[start : start + size]
        rows = np.tile(wild_type, (len(changed), 1))
        rows[np.arange(len(changed)), changed] = to[start : start + size]
        yield torch.from_numpy(rows)
