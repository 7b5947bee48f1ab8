import subprocess
import sys
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import yaml
from latentseq.annotated import read_annotated_input, write_latent_h5ad
from latentseq.arrays import write_arrays
from latentseq.latent import Latent, write_latent
from latentseq.tables import write_table

NAMES = ["a<b>&\"'", "ü/é", "../c", "d"]
SETTINGS = {
    "run": "main",
    "seed": 1,
    "device": "cpu",
    "versions": {"numpy": "2.4.6"},
    "checksums": {"data/x/y.tsv": "abc", "z.tsv": "def"},
    "settings": {
        "sequences": None,
        "labels": ["data/x", "z"],
        "products": [],
        "mixed": [1, "two", None],
        "grid": [1, 2.5],
        "vae": {"n_latent": 2, "weights": {"composition": None, "rate": 0.5}},
        "compare_pca": True,
    },
}


def run_of(names=NAMES):
    """What `write_latent_h5ad` takes, of a run with as many rows as names."""
    n = len(names)
    sequences = pd.DataFrame(
        {"sequence": names, "sample": ["S1", "", "S1", ""][:n], "length": 5, "gc": [0.5, np.nan, 0, 1][:n]}
    ).assign(original=names)
    numbers = np.arange(n, dtype=np.float32)
    latent = Latent(
        np.array(names), np.array(["z1", "z2"]), np.stack([numbers, -numbers], axis=1),
        np.full((n, 2), 0.25, np.float32), numbers + 0.5, numbers * 2,
    )  # fmt: skip
    return {
        "sequences": sequences,
        "latent": latent,
        "clusters": pd.DataFrame({"sequence": names, "cluster": ["10", "2", "", "2"][:n], "support": "0.75"}),
        "latent_map": pd.DataFrame({"sequence": names, "x": "1.5", "y": ["0", "1", "2", "3"][:n]}),
        "history": pd.DataFrame({"epoch": ["1", "2"], "loss": ["3.5", "2.25"]}),
        "settings": SETTINGS,
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "latent.h5ad"


def written(path, **changes):
    write_latent_h5ad(path, **(run_of() | changes))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return anndata.read_h5ad(path)


def test_latent_clusters_and_map_come_back_with_their_names(path):
    found = written(path)
    assert list(found.obs_names) == NAMES
    assert found.obsm["X_latent"].tolist() == [[0, 0], [1, -1], [2, -2], [3, -3]]
    assert found.obsm["X_latent_sigma"].tolist() == [[0.25, 0.25]] * 4
    assert found.obsm["X_umap"].tolist() == [[1.5, 0], [1.5, 1], [1.5, 2], [1.5, 3]]
    assert {name: found.obsm[name].dtype for name in found.obsm} == dict.fromkeys(found.obsm, np.float32)
    assert list(found.obs) == ["cluster", "support", "sample", "length", "gc", "reconstruction_loss", "kl"]
    assert found.obs["cluster"].tolist() == ["10", "2", "none", "2"]
    assert found.obs["cluster"].cat.categories.tolist() == ["2", "10", "none"]
    assert found.obs["sample"].tolist() == ["S1", "none", "S1", "none"]
    assert found.obs["support"].tolist() == [0.75] * 4
    assert found.obs["length"].tolist() == [5] * 4
    np.testing.assert_array_equal(found.obs["gc"], [0.5, np.nan, 0, 1])
    assert found.obs["reconstruction_loss"].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert found.obs["kl"].tolist() == [0, 2, 4, 6]
    assert found.uns["latent_dimensions"].tolist() == ["z1", "z2"]
    assert found.shape == (4, 0)
    assert found.X is None


def test_history_and_settings_come_back(path):
    uns = written(path).uns
    assert uns["history"].to_dict("list") == {"epoch": [1, 2], "loss": [3.5, 2.25]}
    assert uns["history"]["epoch"].dtype == np.int64
    assert yaml.safe_load(uns["settings_yaml"]) == SETTINGS
    settings = uns["settings"]
    assert settings["sequences"] == "null"
    assert settings["labels"].tolist() == ["data/x", "z"]
    assert settings["products"].tolist() == []
    assert settings["mixed"].tolist() == ["1", "two", "null"]
    assert settings["grid"].tolist() == [1, 2.5]
    assert settings["vae"] == {"n_latent": 2, "weights": {"composition": "null", "rate": 0.5}}
    assert settings["compare_pca"]
    assert (uns["run"]["run"], uns["run"]["seed"], uns["run"]["versions"]) == ("main", 1, {"numpy": "2.4.6"})
    assert uns["run"]["checksums"]["name"].tolist() == ["data/x/y.tsv", "z.tsv"]
    assert uns["run"]["checksums"]["value"].tolist() == ["abc", "def"]


def test_a_run_without_training_has_no_history(path):
    assert "history" not in written(path, history=None).uns


def test_labels_are_joined_by_name(path):
    labels = pd.DataFrame({"sequence": ["d", "../c", "unknown"], "label": ["x", "", "y"], "genome_length": 0})
    found = written(path, labels=labels)
    assert found.obs["label"].tolist() == ["none", "none", "none", "x"]
    assert found.obs["label"].cat.categories.tolist() == ["x", "none"]


def test_the_values_of_a_table_are_x(path):
    features = {"sequences": np.array(NAMES), "columns": np.array(["g/1", "<g2>"])}
    dense = np.array([[1, 2], [3, 4], [5, 6], [0, 8]], np.float32)
    found = written(path, features=features | {"values": dense})
    assert list(found.var_names) == ["g/1", "<g2>"]
    assert (found.X.dtype, found.X.tolist()) == (np.float32, dense.tolist())
    counts = np.array([[1, 0], [0, 0], [0, 0], [0, 8]], np.float32)
    found = written(path, features=features | {"values": counts})
    assert scipy.sparse.issparse(found.X)
    assert found.X.toarray().tolist() == counts.tolist()


def test_the_same_run_gives_the_same_bytes_in_another_process(path, tmp_path):
    write_latent_h5ad(path, **run_of())
    other = tmp_path / "other.h5ad"
    code = (
        "import sys; from pathlib import Path; from test_annotated import run_of, write_latent_h5ad; "
        f"write_latent_h5ad({str(other)!r}, **run_of())"
    )
    folders = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "scripts")]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {folders}; {code}"], check=True)
    assert other.read_bytes() == path.read_bytes()


def test_pandas_keeps_its_type_of_text(path):
    before = pd.Series(["a"]).dtype
    write_latent_h5ad(path, **run_of())
    assert pd.Series(["a"]).dtype == before


@pytest.mark.parametrize(
    ("argument", "file"), [("latent", "latent.npz"), ("clusters", "clusters.tsv"), ("latent_map", "map.tsv")]
)
def test_rows_of_another_run_are_refused(path, argument, file):
    other = run_of([*NAMES[:2], "other", "d"])
    with pytest.raises(ValueError, match=rf"{file}: row 3 is 'other', but sequences.tsv has '../c' there"):
        written(path, **{argument: other[argument]})
    assert list(path.parent.iterdir()) == []


def test_rows_of_another_table_are_refused(path):
    features = {"sequences": np.array(NAMES[:3]), "columns": np.array(["g"]), "values": np.ones((3, 1), np.float32)}
    with pytest.raises(ValueError, match=r"table.npz has 3 rows, but sequences.tsv has 4"):
        written(path, features=features)


def test_the_files_of_a_run_are_read(path, tmp_path):
    content = run_of()
    files = {
        "sequences": tmp_path / "sequences.tsv",
        "latent": tmp_path / "latent.npz",
        "clusters": tmp_path / "clusters.tsv",
        "latent_map": tmp_path / "map.tsv",
        "settings": tmp_path / "run.yaml",
    }
    write_table(content["sequences"].assign(gc="nan"), files["sequences"])
    write_latent(content["latent"], files["latent"])
    write_table(content["clusters"], files["clusters"])
    write_table(content["latent_map"], files["latent_map"])
    files["settings"].write_text(yaml.safe_dump(SETTINGS))
    write_latent_h5ad(path, **read_annotated_input(**files, history=[], labels=[], table=[]))
    assert anndata.read_h5ad(path).obs["gc"].isna().all()
    write_table(content["history"], tmp_path / "history.tsv")
    (tmp_path / "labels.tsv").write_text("sequence\tlabel\nd\tx\n")
    table = {"sequences": np.array(NAMES), "columns": np.array(["g"]), "values": np.ones((4, 1), np.float32)}
    write_arrays(tmp_path / "table.npz", table)
    given = {"history": [tmp_path / "history.tsv"], "labels": tmp_path / "labels.tsv", "table": tmp_path / "table.npz"}
    write_latent_h5ad(path, **read_annotated_input(**files, **given))
    found = anndata.read_h5ad(path)
    assert found.obs["label"].tolist() == ["none", "none", "none", "x"]
    assert found.uns["history"]["loss"].tolist() == [3.5, 2.25]
    assert found.X.tolist() == [[1]] * 4


def test_importing_does_not_load_anndata():
    code = "import sys; sys.path.insert(0, 'scripts'); import latentseq.annotated, latentseq.feature_tables; "
    code += "sys.exit('anndata' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
