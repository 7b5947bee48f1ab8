"""The training loop: data on the device, one line an epoch, and a checkpoint to go on from."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from latentseq.checkpoints import fingerprint, load_checkpoint, save_checkpoint
from latentseq.defaults import fill_in
from latentseq.devices import make_reproducible, precise, random_states, restore_random, select_device
from latentseq.features import Features
from latentseq.logs import Console, package_versions
from latentseq.models import make_model
from latentseq.objective import design_architecture
from latentseq.shown import choose_shown
from latentseq.tables import write_table
from latentseq.training_data import check_features, place_data
from latentseq.vae import VAE, Architecture, Loss, rows_at_once

logger = logging.getLogger(__name__)

SMALLEST_BATCH, FEWEST_STEPS = 16, 20
SHORTEST_SCHEDULE = 10  # steps: the rise, a tenth of them, is one step at least (OneCycleLR divides by it)
OF_THE_LOSS = ("weights", "kl_weight", "free_bits")  # settings of the model that are not of its shape
Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; units and meaning stand beside the settings in config/config.yaml."""

    max_epochs: int
    batch_size: int
    learning_rate: float
    kl_weight: float
    free_bits: float
    kl_warmup: int
    held_out: float
    patience: int
    checkpoint_epochs: int
    seed: int


class Trained(NamedTuple):
    """A model, its history with one row an epoch, and the names of the sequences that it was not trained on."""

    model: VAE
    history: list[dict[str, float]]
    held_out: np.ndarray


class Trainer:
    """Model, optimiser and schedule, with all that a checkpoint must bring back."""

    def __init__(
        self, features: Features, architecture: Architecture, settings: TrainingSettings, device: torch.device
    ) -> None:
        check_features(features)
        make_reproducible(settings.seed)
        self.settings, self.device = settings, device
        self.model = make_model(architecture)
        scales = features.blocks.values()
        self.model.input_mean.copy_(torch.from_numpy(np.concatenate([block.mean for block in scales])))
        self.model.input_std.copy_(torch.from_numpy(np.concatenate([block.std for block in scales])))
        for likelihood, block in zip(self.model.parts(), scales, strict=True):
            likelihood.start_at(block.values, features.weights)
        self.model.to(device)
        self.data = place_data(features, architecture.n_latent, settings.held_out, settings.seed, device)
        self.shown = choose_shown(self.model, features, self.data)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=1e-4, fused=device.type != "mps"
        )
        steps = sum(self.n_batches(epoch) for epoch in range(settings.max_epochs))
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            settings.learning_rate,
            total_steps=max(steps, SHORTEST_SCHEDULE) + 1,
            pct_start=0.1,
            final_div_factor=20,
        )
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Tensor] = {}
        self.best_epoch, self.best_loss = 0, float("inf")

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return len(self.history)

    @property
    def finished(self) -> bool:
        """Whether the last epoch is reached, or the held-out loss has stopped falling."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= self.settings.max_epochs or (waited >= self.settings.patience and self.kl_weight >= 1)

    @property
    def kl_weight(self) -> float:
        """Share of the full KL weight in the running epoch: rises over the warm-up (Bowman et al. 2016)."""
        return min(1.0, (self.epoch + 1) / max(1, self.settings.kl_warmup))

    def batch_size(self, epoch: int) -> int:
        """Sequences a batch: doubled at a quarter, half and three quarters, where small steps matter less.

        Never so many that an epoch has fewer than 20 steps: a small data set would hardly be trained.
        """
        doubled = self.settings.batch_size * 2 ** (4 * epoch // self.settings.max_epochs)
        return min(doubled, max(SMALLEST_BATCH, len(self.data.x) // FEWEST_STEPS))

    def n_batches(self, epoch: int) -> int:
        """Whole batches an epoch; a rest is left out, another one each time."""
        return max(1, len(self.data.x) // self.batch_size(epoch))

    def batches(self) -> Iterator[Tensor]:
        """Row numbers of the batches of the running epoch."""
        order = torch.randperm(len(self.data.x)).to(self.device)
        size = self.batch_size(self.epoch)
        yield from order[: self.n_batches(self.epoch) * size].split(size)

    def step(self, rows: Tensor, kl_weight: float) -> Tensor:
        """One step down the gradient; returns the sums of loss, terms and KL over the rows."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = self.shown.loss(rows, kl_weight, self.settings.free_bits)
        weight = self.data.weight[rows]
        self.optimizer.zero_grad(set_to_none=True)
        (loss.total * weight).mean().backward()
        self.optimizer.step()
        self.schedule.step()
        return sums_of(loss, weight)

    def run_epoch(self) -> dict[str, float]:
        """Train on every batch once; adds a row to the history and returns it."""
        started = time.monotonic()
        kl_weight = self.settings.kl_weight * self.kl_weight
        self.model.train()
        steps = torch.stack([self.step(rows, kl_weight) for rows in self.batches()])
        names = ["loss", *self.model.terms, "kl"]
        *means, rows = sum_or_first_broken(steps).tolist()
        row = {"epoch": float(self.epoch + 1)} | {n: m / rows for n, m in zip(names, means, strict=True)}
        row |= {"kl_weight": kl_weight, "learning_rate": self.schedule.get_last_lr()[0]}
        row["held_out_loss"] = self.held_out_loss(row["loss"])
        require_finite(row)
        row["seconds"] = time.monotonic() - started
        self.history.append(row)
        self.keep_best(row["held_out_loss"])
        return row

    @torch.no_grad()
    def held_out_loss(self, otherwise: float) -> float:
        """Mean loss of the held-out rows at the full KL weight; the training loss where none are held out."""
        data = self.data
        if not len(data.held_out_x):
            return otherwise
        self.model.eval()
        total = 0.0
        for rows in torch.arange(len(data.held_out_x), device=self.device).split(rows_at_once(self.model)):
            loss = self.held_out_batch(rows)
            total += float((loss.total * data.held_out_weight[rows]).sum())
        return total / float(data.held_out_weight.sum())

    def held_out_batch(self, rows: Tensor) -> Loss:
        """Loss of held-out rows at the full KL weight, with the same draws in every epoch."""
        noise, kl_weight, free_bits = self.data.held_out_noise[rows], self.settings.kl_weight, self.settings.free_bits
        return self.shown.held_out_loss(rows, noise, kl_weight, free_bits)

    def keep_best(self, held_out_loss: float) -> None:
        """Remember the weights of the epoch with the lowest held-out loss, once the KL weight is full."""
        if held_out_loss < self.best_loss or self.epoch <= self.settings.kl_warmup:
            self.best_loss, self.best_epoch = held_out_loss, self.epoch
            self.best = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def state(self) -> dict:
        """All that changes while training, for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": self.history,
            "best": (self.best, self.best_epoch, self.best_loss),
            "random": random_states(self.device),
        }

    def restore(self, state: dict) -> None:
        """Go back to where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.history = state["history"]
        self.best, self.best_epoch, self.best_loss = state["best"]
        restore_random(state["random"], self.device)


def sums_of(loss: Loss, weight: Tensor) -> Tensor:
    """Weighted sums over rows of the loss, each term and the KL, and last the sum of the weights; (terms + 3,)."""
    columns = [loss.total, *loss.terms.values(), loss.kl, torch.ones_like(loss.kl)]
    return (torch.stack(columns).detach().to(precise(weight.device)) * weight).sum(dim=1)


def sum_or_first_broken(steps: Tensor) -> Tensor:
    """Sums over the steps of an epoch, (steps, values) to (values,); of the first step alone that is not finite.

    In the steps after it all terms are broken, and nobody could say which one began.
    """
    broken = ~torch.isfinite(steps).all(dim=1)
    return steps[int(broken.nonzero()[0])] if broken.any() else steps.sum(dim=0)


def require_finite(row: dict[str, float]) -> None:
    """Raise ValueError naming the term that is no longer a finite number."""
    broken = [name for name, value in row.items() if not np.isfinite(value)]
    if broken:
        terms = [name for name in broken if name != "loss"] or broken
        raise ValueError(
            f"Training broke down in epoch {row['epoch']:.0f}: the term {terms[0]!r} of the loss is "
            f"{row[terms[0]]}.\nHint: lower training.learning_rate."
        )


def train(
    features: Features,
    architecture: Architecture,
    settings: TrainingSettings,
    *,
    device: torch.device,
    checkpoint: Path,
    report: Report = lambda row: None,
) -> Trained:
    """Train until the held-out loss stops falling or `max_epochs`; goes on from `checkpoint` if it fits.

    `report` is called with each row of the history. Returns the model with the weights of its best epoch.
    Raises ValueError for features that are no numbers or a loss that becomes none.
    """
    trainer = Trainer(features, architecture, settings, device)
    key = fingerprint(features, architecture, asdict(settings) | {"checkpoint_epochs": None, "device": str(device)})
    state = load_checkpoint(checkpoint, key)
    if state is not None:
        trainer.restore(state)
        logger.info("Going on after epoch %d of the checkpoint %s", trainer.epoch, checkpoint)
    while not trainer.finished:
        report(trainer.run_epoch())
        if trainer.finished or trainer.epoch % settings.checkpoint_epochs == 0:
            save_checkpoint(checkpoint, key, trainer.state())
    trainer.model.load_state_dict(trainer.best)
    return Trained(trainer.model.cpu().eval(), trainer.history, trainer.data.held_out)


def run_training(
    features: Features, *, vae: Mapping[str, Any], training: Mapping[str, Any], seed: int, checkpoint: str | Path
) -> tuple[Trained, dict[str, Any]]:
    """Train with the settings `vae` and `training` of the config (config/config.yaml says what each means).

    One line an epoch in the log, and a progress bar when a person is watching. Returns the model with its
    history, and facts about the training: device, seed, settings, versions.
    """
    shape = {name: value for name, value in vae.items() if name not in OF_THE_LOSS}
    loop = {name: value for name, value in training.items() if name != "device"}
    architecture = design_architecture(features, vae["weights"], **shape)
    of_loss = {name: vae[name] for name in ("kl_weight", "free_bits")}
    chosen = fill_in(loop | of_loss, len(features.sequences), contigs=architecture.network == "contigs")
    settings = TrainingSettings(**chosen, seed=seed)
    device = select_device(training["device"])
    sizes = ", ".join(f"{block.name} {len(block.columns)}" for block in architecture.blocks)
    logger.info("PyTorch %s on %s; columns: %s; %s", torch.__version__, device, sizes, shape)
    with progress_bar(settings.max_epochs) as bar:

        def report(row: dict[str, float]) -> None:
            logger.info("  ".join(f"{name} {value:.6g}" for name, value in row.items()))
            bar.set_postfix_str(f"loss {row['loss']:.4f}", refresh=False)
            bar.update(int(row["epoch"]) - bar.n)

        trained = train(features, architecture, settings, device=device, checkpoint=Path(checkpoint), report=report)
        bar.total = bar.n  # a training that stopped early is complete
        bar.refresh()
    versions = package_versions(["torch", "numpy"])
    return trained, {"device": str(device), "settings": asdict(settings), "versions": versions}


def progress_bar(epochs: int) -> tqdm:
    """Bar with loss and time left on the terminal; none where nobody is watching.

    Two spaces end it, as what Snakemake says of other steps meanwhile goes on in the same line.
    """
    form = "Training {percentage:3.0f} % |{bar:20}| epoch {n_fmt} of {total_fmt}{postfix}, {remaining} left  "
    return tqdm(total=epochs, bar_format=form, file=Console.stream, disable=Console.stream is None)


def write_history(history: list[dict[str, float]], path: str | Path) -> None:
    """Write the table of epochs."""
    write_table(pd.DataFrame(history).astype({"epoch": int}), path)


def write_held_out(names: np.ndarray, path: str | Path) -> None:
    """Write the names of the sequences that the model was not trained on."""
    write_table(pd.DataFrame({"sequence": names}), path)


def describe_frame(features: Features) -> dict[str, Any] | None:
    """Columns and constant letters of an alignment, for the description of its model; None for other features."""
    frame = features.frame
    if frame is None:
        return None
    return {"columns": list(map(str, frame.columns)), "letters": frame.letters, "n_sequences": frame.n_sequences}
