import numpy as np
import pytest
from latentseq.latent import Latent, read_latent, write_latent


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
