"""Settings of runs: laid over each other, told apart, spread over a grid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.run_settings import (
    differences,
    flattened,
    merged,
    named_runs,
    nested,
    own_settings,
    sweep_runs,
)

BASE = {"seed": 1, "vae": {"n_latent": 32, "weights": {"depth": None}}, "products": ["bins"]}
lists = st.lists(st.integers(0, 2), max_size=2)
values = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.floats(0, 1), lists)


def settings_of_shape(shape):
    """Strategy of settings with the given levels: a dictionary for a level, anything else for a value."""
    parts = {k: settings_of_shape(v) if isinstance(v, dict) else values for k, v in shape.items()}
    return st.fixed_dictionaries(parts)


def typed(settings):
    """Settings by dotted names with their types, as 1 and True are equal."""
    return {name: (type(value), value) for name, value in flattened(settings).items()}


SHAPE = {"a": 0, "b": {"a": 0, "c": {"b": 0}}, "c": 0}


def test_differences_are_laid_over_level_by_level():
    given = merged(BASE, {"seed": 2, "vae": {"n_latent": 8}})
    assert given == {"seed": 2, "vae": {"n_latent": 8, "weights": {"depth": None}}, "products": ["bins"]}
    assert BASE["vae"]["n_latent"] == 32
    assert merged(BASE, {"products": []})["products"] == []
    assert merged({"runs": {}}, {"runs": {"main": {}}}) == {"runs": {"main": {}}}
    assert merged({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


@given(settings_of_shape(SHAPE), settings_of_shape(SHAPE))
def test_differences_lead_from_one_to_the_other(base, other):
    laid_over = differences(base, other)
    assert typed(merged(base, laid_over)) == typed(other)
    assert differences(other, other) == {}


def test_differences_are_no_more_than_needed():
    assert differences(BASE, merged(BASE, {"vae": {"weights": {"depth": 1.0}}})) == {"vae": {"weights": {"depth": 1.0}}}
    assert differences({"a": 1}, {"a": True}) == {"a": True}


@given(settings_of_shape(SHAPE))
def test_dotted_names_and_levels_are_the_same(settings):
    assert set(flattened(settings)) == {"a", "b.a", "b.c.b", "c"}
    assert nested(flattened(settings)) == settings


def test_a_sweep_is_every_combination():
    assert sweep_runs({"seed": [1, 2], "vae.n_latent": [16, 32]}) == {
        "seed1-n_latent16": {"seed": 1, "vae": {"n_latent": 16}},
        "seed1-n_latent32": {"seed": 1, "vae": {"n_latent": 32}},
        "seed2-n_latent16": {"seed": 2, "vae": {"n_latent": 16}},
        "seed2-n_latent32": {"seed": 2, "vae": {"n_latent": 32}},
    }
    assert list(sweep_runs({"vae.kl_weight": [1e-05], "model": ["pca"]})) == ["kl_weight1e-05-modelpca"]


def test_settings_that_end_alike_are_named_in_full():
    runs = sweep_runs({"encode.method": ["kmer"], "cluster.method": ["leiden"]})
    assert list(runs) == ["encode.methodkmer-cluster.methodleiden"]


def test_a_value_that_is_no_name_is_refused():
    with pytest.raises(ValueError, match=r"setting sweep: run name 'sourcea/b' cannot be used"):
        sweep_runs({"generate.source": ["a/b"]})
    with pytest.raises(ValueError, match=r"The setting sweep gives two runs the name 'seed1'(.|\n)*Hint: "):
        sweep_runs({"seed": [1, "1"]})


def settings(**given):
    none = {"runs": {}, "sweep": {}, "labels": None, "compare_pca": True, "assign_to": None}
    return none | given


def test_runs_come_from_the_settings():
    assert named_runs(settings()) == {"main": {}}
    assert named_runs(settings(runs={"a": None, "b": {"seed": 2}})) == {"a": {}, "b": {"seed": 2}}
    assert list(named_runs(settings(sweep={"seed": [1, 2]}))) == ["seed1", "seed2"]
    assert list(named_runs(settings(runs={"main": {}}, sweep={"seed": [2]}))) == ["main", "seed2"]
    with pytest.raises(ValueError, match=r"'seed2' stands in `runs` and comes out of `sweep`"):
        named_runs(settings(runs={"seed2": {}}, sweep={"seed": [2]}))


def test_components_are_beside_runs_with_labels():
    assert named_runs(settings(labels="truth.tsv")) == {"main": {}, "pca": {"model": "pca"}}
    assert named_runs(settings(labels="truth.tsv", compare_pca=False)) == {"main": {}}
    assert named_runs(settings(labels="truth.tsv", assign_to="results/old/main")) == {"main": {}}
    assert named_runs(settings(labels="truth.tsv", runs={"pca": {"seed": 3}})) == {"pca": {"seed": 3}}


def test_own_settings_are_those_of_one_run():
    assert own_settings(settings(seed=3, provenance={"seed": 3})) == {"labels": None, "assign_to": None, "seed": 3}
