import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from latentseq.checkpoints import remove_checkpoint
from latentseq.devices import select_device
from latentseq.embedding import embed
from latentseq.objective import default_weights, design_architecture
from latentseq.training import (
    Trainer,
    require_finite,
    run_training,
    train,
    write_history,
)
from latentseq.vae import VAE
from planted import SETTINGS, SHAPE, planted_features, same_partition
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans

CPU = torch.device("cpu")
HAS_CUDA = torch.cuda.is_available()
WEIGHTS = {"composition": None, "abundance": None, "total_depth": None}


class Killed(Exception):
    """Stands for the end of the machine's patience."""


def killed_after(epoch):
    def report(row):
        if row["epoch"] == epoch:
            raise Killed

    return report


def train_planted(folder, settings=SETTINGS, features=None, device=CPU, **options):
    features = features or planted_features()[0]
    architecture = design_architecture(features, WEIGHTS, **SHAPE)
    checkpoint = folder / "checkpoint.pt"
    result = train(features, architecture, settings, device=device, checkpoint=checkpoint, **options)
    remove_checkpoint(checkpoint)
    return result


def weights_of(model):
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


def without_seconds(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def test_same_seed_same_bytes(tmp_path):
    first, second = (train_planted(tmp_path) for _ in range(2))
    assert weights_of(first.model) == weights_of(second.model)
    assert without_seconds(first.history) == without_seconds(second.history)
    np.testing.assert_array_equal(first.held_out, second.held_out)


def test_another_seed_gives_other_weights(tmp_path):
    first, second = (train_planted(tmp_path, replace(SETTINGS, seed=seed)) for seed in (7, 8))
    assert weights_of(first.model) != weights_of(second.model)


@pytest.mark.parametrize("epoch", [1, 2, 3, 5, 6])  # checkpoints are written after epochs 2, 4 and 6
def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path, epoch):
    unbroken, history, held_out = train_planted(tmp_path)
    seen = []
    with pytest.raises(Killed):
        train_planted(tmp_path, report=killed_after(epoch))
    resumed, resumed_history, resumed_held_out = train_planted(tmp_path, report=lambda row: seen.append(row["epoch"]))
    assert weights_of(resumed) == weights_of(unbroken)
    assert without_seconds(resumed_history) == without_seconds(history)
    np.testing.assert_array_equal(resumed_held_out, held_out)
    written = (epoch - 1) // 2 * 2  # the epoch of the last checkpoint
    assert seen == list(range(written + 1, 7))


def test_killed_more_than_once(tmp_path):
    unbroken, *_ = train_planted(tmp_path)
    for epoch in (3, 5):
        with pytest.raises(Killed):
            train_planted(tmp_path, report=killed_after(epoch))
    assert weights_of(train_planted(tmp_path)[0]) == weights_of(unbroken)


def test_the_best_epoch_before_the_end_survives_a_kill(tmp_path, monkeypatch):
    """The held-out loss is best in epoch 3, the checkpoint is of epoch 4, and no later epoch is better."""
    monkeypatch.setattr(Trainer, "held_out_loss", lambda self, otherwise: abs(self.epoch + 1 - 3.0))
    unbroken, *_ = train_planted(tmp_path)
    with pytest.raises(Killed):
        train_planted(tmp_path, report=killed_after(5))
    resumed, *_ = train_planted(tmp_path)
    assert weights_of(resumed) == weights_of(unbroken)
    latest, *_ = train_planted(tmp_path, replace(SETTINGS, max_epochs=6, patience=1))
    assert weights_of(latest) == weights_of(unbroken)


@pytest.mark.parametrize("change", [{"seed": 8}, {"learning_rate": 1e-3}, {"kl_weight": 0.1}, {"batch_size": 16}])
def test_a_checkpoint_of_other_settings_is_left_alone(tmp_path, caplog, change):
    caplog.set_level(logging.INFO, "latentseq")
    expected, *_ = train_planted(tmp_path, replace(SETTINGS, **change))
    with pytest.raises(Killed):
        train_planted(tmp_path, report=killed_after(5))
    found, history, _ = train_planted(tmp_path, replace(SETTINGS, **change))
    assert weights_of(found) == weights_of(expected)
    assert len(history) == 6
    assert "is of other data or settings: starting anew" in caplog.text


def test_a_checkpoint_of_other_data_is_left_alone(tmp_path, caplog):
    caplog.set_level(logging.INFO, "latentseq")
    with pytest.raises(Killed):
        train_planted(tmp_path, report=killed_after(5))
    other = planted_features(seed=1)[0]
    found, *_ = train_planted(tmp_path, features=other)
    assert "starting anew" in caplog.text
    assert weights_of(found) == weights_of(train_planted(tmp_path, features=other)[0])


def test_how_often_checkpoints_are_written_changes_nothing(tmp_path):
    unbroken, *_ = train_planted(tmp_path)
    with pytest.raises(Killed):
        train_planted(tmp_path, report=killed_after(5))
    assert weights_of(train_planted(tmp_path, replace(SETTINGS, checkpoint_epochs=5))[0]) == weights_of(unbroken)


def test_a_finished_training_is_not_done_again_until_its_model_is_written(tmp_path):
    features, _ = planted_features()
    architecture = design_architecture(features, WEIGHTS, **SHAPE)
    checkpoint, epochs = tmp_path / "checkpoint.pt", []
    models = [
        train(features, architecture, SETTINGS, device=CPU, checkpoint=checkpoint, report=epochs.append)[0]
        for _ in range(2)
    ]
    assert len(epochs) == SETTINGS.max_epochs
    assert weights_of(models[0]) == weights_of(models[1])
    remove_checkpoint(checkpoint)
    assert list(tmp_path.iterdir()) == []


def held_out_losses(monkeypatch, losses, kept):
    """Let the held-out loss be what a test says, and keep the weights of each epoch."""

    def held_out_loss(self, otherwise):
        kept.append({name: tensor.numpy().tobytes() for name, tensor in self.model.state_dict().items()})
        return losses[self.epoch]

    monkeypatch.setattr(Trainer, "held_out_loss", held_out_loss)


def test_early_stopping(tmp_path, monkeypatch):
    kept = []
    held_out_losses(monkeypatch, [9, 8, 7, 5, 6, 6, 5.5, 1, 1, 1], kept)
    settings = replace(SETTINGS, max_epochs=10, patience=3, kl_warmup=2)
    model, history, _ = train_planted(tmp_path, settings)
    assert [row["held_out_loss"] for row in history] == [9, 8, 7, 5, 6, 6, 5.5]  # 3 epochs after the best
    assert weights_of(model) == kept[3]


def test_losses_before_the_full_kl_weight_do_not_count(tmp_path, monkeypatch):
    kept = []
    held_out_losses(monkeypatch, [0.1, 0.2, 0.3, 0.4, 3, 2, 4, 4], kept)
    model, history, _ = train_planted(tmp_path, replace(SETTINGS, max_epochs=8, patience=2, kl_warmup=5))
    assert len(history) == 8
    assert weights_of(model) == kept[5]


def test_history_has_a_row_for_each_epoch(tmp_path):
    reported = []
    _, history, _ = train_planted(tmp_path, report=reported.append)
    assert reported == history
    assert list(history[0]) == [
        *("epoch", "loss", "composition", "abundance", "total_depth", "kl"),
        *("kl_weight", "learning_rate", "held_out_loss", "seconds"),
    ]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    assert [row["kl_weight"] for row in history] == pytest.approx([0.00625, *[0.0125] * 5])
    assert max(row["learning_rate"] for row in history) <= SETTINGS.learning_rate
    assert history[-1]["learning_rate"] < 0.1 * SETTINGS.learning_rate


def test_loss_of_the_history_is_the_weighted_sum_of_its_terms(tmp_path):
    weights = default_weights(4)
    _, history, _ = train_planted(tmp_path)
    for row in history:
        expected = sum(weight * row[name] for name, weight in weights.items())
        assert row["loss"] == pytest.approx(expected + row["kl_weight"] * row["kl"], rel=1e-5)


@pytest.mark.parametrize(
    ("samples", "terms"),
    [
        (0, {"composition"}),
        (1, {"composition", "total_depth"}),
        (4, {"composition", "abundance", "total_depth"}),
    ],
)
def test_loss_falls_and_the_groups_part(tmp_path, samples, terms):
    features, truth = planted_features(samples=samples)
    settings = replace(SETTINGS, max_epochs=25, kl_weight=0.0025)
    model, history, _ = train_planted(tmp_path, settings, features)
    assert {"composition", "abundance", "total_depth"} & set(history[0]) == terms
    for term in terms - {"abundance"}:
        assert history[-1][term] < 0.5 * history[0][term]
    if "abundance" in terms:  # it cannot fall below the entropy of the shares
        shares = features.blocks["abundance"].values
        entropy = -(shares * np.log(np.maximum(shares, 1e-9))).sum(axis=1).mean()
        assert history[-1]["abundance"] - entropy < 0.25 * (history[0]["abundance"] - entropy)
    assert history[-1]["held_out_loss"] < history[0]["held_out_loss"]
    latent = embed(features, model)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)


@pytest.mark.parametrize("n", [8, 20])
@pytest.mark.parametrize("max_epochs", [1, 9, 10])
def test_small_and_short_trainings(tmp_path, n, max_epochs):
    features, _ = planted_features(per_group=n, groups=1)
    _, history, _ = train_planted(tmp_path, replace(SETTINGS, max_epochs=max_epochs), features)
    assert len(history) == max_epochs


def test_nothing_held_out(tmp_path):
    _, history, _ = train_planted(tmp_path, replace(SETTINGS, held_out=0.0))
    assert all(row["held_out_loss"] == row["loss"] for row in history)


def test_a_warm_up_longer_than_the_training(tmp_path):
    model, history, _ = train_planted(tmp_path, replace(SETTINGS, kl_warmup=100))
    assert len(history) == 6
    assert history[-1]["kl_weight"] == pytest.approx(0.0125 * 6 / 100)
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())


def test_too_few_sequences(tmp_path):
    message = (
        r"^There are 7 sequences to train on; expected at least 8\.\nHint: give more sequences, or lower `min_length`; "
        r"sequences that are equal to others are in input/duplicates.tsv"
    )
    with pytest.raises(ValueError, match=message):
        train_planted(tmp_path, features=planted_features(per_group=7, groups=1)[0])
    with pytest.raises(ValueError, match=r"^There is 1 sequence to train on; "):
        train_planted(tmp_path, features=planted_features(per_group=1, groups=1)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers(tmp_path, value):
    features, _ = planted_features()
    features.blocks["abundance"].values[17, 2] = value
    message = rf"^The features of 'sequence18' hold {value} in column 'sample 3' of abundance; expected finite"
    with pytest.raises(ValueError, match=message):
        train_planted(tmp_path, features=features)


def test_an_absurd_learning_rate_is_named(tmp_path):
    message = r"^Training broke down in epoch \d: the term '\w+' of the loss is (nan|inf)\.\nHint: lower"
    with pytest.raises(ValueError, match=message):
        train_planted(tmp_path, replace(SETTINGS, learning_rate=1e30))


@pytest.mark.parametrize("term", ["composition", "abundance", "total_depth"])
def test_the_term_that_breaks_down_is_named(tmp_path, monkeypatch, term):
    right = VAE.reconstruction_loss

    def broken(self, decoded, x):
        terms = right(self, decoded, x)
        return terms | {term: terms[term] * float("nan")}

    monkeypatch.setattr(VAE, "reconstruction_loss", broken)
    with pytest.raises(ValueError, match=rf"in epoch 1: the term '{term}' of the loss is nan"):
        train_planted(tmp_path)


@pytest.mark.parametrize(
    ("row", "term"), [({"kl": np.inf, "loss": np.inf}, "kl"), ({"kl": 1.0, "loss": np.nan}, "loss")]
)
def test_require_finite(row, term):
    require_finite({"epoch": 3.0, "loss": 1.0, "kl": 0.0})
    with pytest.raises(ValueError, match=rf"in epoch 3: the term '{term}' of the loss is {row[term]}"):
        require_finite({"epoch": 3.0} | row)


def test_a_held_out_loss_that_is_no_number_stops_too(tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "held_out_loss", lambda self, otherwise: float("nan"))
    with pytest.raises(ValueError, match=r"the term 'held_out_loss' of the loss is nan"):
        train_planted(tmp_path)


def test_weights_of_the_rows_reach_the_training(tmp_path):
    features, _ = planted_features()
    other = replace(features, weights=features.weights[::-1].copy())
    first, second = (train_planted(tmp_path, features=f)[0] for f in (features, other))
    assert weights_of(first) != weights_of(second)


def test_devices():
    assert select_device("cpu") == CPU
    assert select_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.skipif(HAS_CUDA, reason="there is a CUDA device here")
def test_cuda_without_one_is_an_error():
    message = (
        r"^The setting training\.device is 'cuda', but PyTorch .* sees no such device(.|\n)*Hint: set it to auto or cpu"
    )
    with pytest.raises(ValueError, match=message):
        select_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="needs a CUDA device")
def test_training_on_cuda(tmp_path):
    features, truth = planted_features()
    settings = replace(SETTINGS, max_epochs=25, kl_weight=0.0025)
    device = select_device("cuda")
    first, second = (train_planted(tmp_path, settings, features, device) for _ in range(2))
    assert weights_of(first.model) == weights_of(second.model)
    with pytest.raises(Killed):
        train_planted(tmp_path, settings, features, device, report=killed_after(9))
    assert weights_of(train_planted(tmp_path, settings, features, device)[0]) == weights_of(first.model)
    assert first.history[-1]["loss"] < first.history[0]["loss"]
    latent = embed(features, first.model)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="needs a CUDA device")
def test_latents_agree_between_cpu_and_cuda(tmp_path):
    """The same weights: means within 1e-3 of their spread. Each trained on its own: the same neighbours, as training
    on a GPU draws other random numbers and multiplies in bfloat16."""
    features, _ = planted_features()
    settings = replace(SETTINGS, max_epochs=25, kl_weight=0.0025)
    model = train_planted(tmp_path, settings, features).model
    here = embed(features, model).mu
    with torch.no_grad():
        there = model.cuda().encode(torch.from_numpy(features.matrix.copy()).cuda())[0].cpu().numpy()
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-3 * here.std())
    remove_checkpoint(tmp_path / "checkpoint.pt")
    other = embed(features, train_planted(tmp_path, settings, features, select_device("cuda")).model).mu
    assert np.corrcoef(pdist(other), pdist(here))[0, 1] > 0.95


def test_training_with_the_settings_of_the_config(tmp_path, caplog):
    caplog.set_level(logging.INFO, "latentseq")
    features, _ = planted_features()
    vae = SHAPE | {"weights": WEIGHTS, "kl_weight": 0.0125, "free_bits": 0.0}
    names = ("max_epochs", "batch_size", "learning_rate", "kl_warmup", "held_out", "patience", "checkpoint_epochs")
    training = {name: getattr(SETTINGS, name) for name in names} | {"device": "cpu"}
    (model, history, _), facts = run_training(
        features, vae=vae, training=training, seed=7, checkpoint=str(tmp_path / "checkpoint.pt")
    )
    assert weights_of(model) == weights_of(train_planted(tmp_path)[0])
    assert sum("held_out_loss" in line for line in caplog.text.splitlines()) == len(history) == 6
    assert facts["device"] == "cpu"
    assert facts["settings"]["seed"] == 7
    assert facts["versions"]["torch"] == torch.__version__
    write_history(history, tmp_path / "history.tsv")
    table = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert list(table.columns) == list(history[0])
    assert (tmp_path / "history.tsv").read_text().splitlines()[1].startswith("1\t")
    np.testing.assert_allclose(table["loss"], [row["loss"] for row in history], rtol=1e-5)


def test_scales_of_the_features_go_with_the_model(tmp_path):
    features, _ = planted_features()
    model, *_ = train_planted(tmp_path, features=features)
    for buffer, part in ((model.input_mean, "mean"), (model.input_std, "std")):
        expected = np.concatenate([getattr(block, part) for block in features.blocks.values()])
        np.testing.assert_array_equal(buffer.numpy(), expected)
