import logging

import numpy as np
import pytest
from latentseq.latent import Latent, active_dimensions, describe_dimensions, read_latent, write_latent
from latentseq.tables import write_table


@pytest.fixture
def latent():
    random = np.random.default_rng(0)
    return Latent(
        sequences=np.array(["a", "b b", "ü'\""]),
        dimensions=np.array(["latent 1", "latent 2"]),
        mu=random.normal(size=(3, 2)).astype(np.float32),
        sigma=random.uniform(0.1, 1, (3, 2)).astype(np.float32),
        reconstruction_loss=np.array([1, 2, 3], np.float32),
        kl=np.array([0.5, 0, 7], np.float32),
    )


def test_latent_map_comes_back_as_it_was(tmp_path, latent):
    write_latent(latent, tmp_path / "latent.npz")
    back = read_latent(tmp_path / "latent.npz")
    assert list(vars(back)) == ["sequences", "dimensions", "mu", "sigma", "reconstruction_loss", "kl"]
    for name, array in vars(latent).items():
        np.testing.assert_array_equal(getattr(back, name), array)
        assert getattr(back, name).dtype == array.dtype


def test_written_twice_the_bytes_are_the_same(tmp_path, latent):
    write_latent(latent, tmp_path / "a.npz")
    write_latent(read_latent(tmp_path / "a.npz"), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"latent\.npz: no such file\.$"):
        read_latent(tmp_path / "latent.npz")


def latent_in_use(*variances):
    """Two sequences whose means vary so much in each dimension."""
    spread = np.sqrt(np.array(variances))
    names = np.array([f"latent {i}" for i in range(1, len(variances) + 1)])
    mu = np.array([spread, -spread], np.float32) + 3  # where the means lie does not matter
    sigma = np.array([[0.25], [0.75]], np.float32) * np.ones((2, len(variances)), np.float32)
    return Latent(np.array(["a", "b"]), names, mu, sigma, np.zeros(2, np.float32), np.zeros(2, np.float32))


def test_active_dimensions_vary_by_more_than_a_hundredth():
    assert list(active_dimensions(latent_in_use(0.011, 0.009, 4, 0))) == [True, False, True, False]


def test_dimensions_are_described(tmp_path):
    write_table(describe_dimensions(latent_in_use(0.25, 0)), tmp_path / "dimensions.tsv")
    assert (tmp_path / "dimensions.tsv").read_text().splitlines() == [
        "dimension\tvariance\tsigma\tactive",
        "latent 1\t0.25\t0.5\tyes",
        "latent 2\t0\t0.5\tno",
    ]


@pytest.mark.parametrize(
    ("variances", "level", "message"),
    [
        ([0, 0, 0, 0, 0], "WARNING", "Posterior collapse: none of the 5 latent dimensions tells the sequences apart"),
        ([1, 0, 0, 0, 0], "WARNING", "Only 1 of 5 latent dimensions tell the sequences apart"),
        ([1, 0, 0, 0], "INFO", "1 of 4 latent dimensions are active"),
        ([1, 1, 1, 1], "INFO", "4 of 4 latent dimensions are active"),
    ],
)
def test_few_active_dimensions_are_told(caplog, variances, level, message):
    caplog.set_level(logging.INFO, "latentseq")
    describe_dimensions(latent_in_use(*variances))
    assert [record.levelname for record in caplog.records] == [level]
    assert caplog.records[0].getMessage().startswith(message)
    assert ("Hint: " in caplog.text) == (level == "WARNING")
