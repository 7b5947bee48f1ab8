import numpy as np
import pytest
from latentseq.encoding import length_weights
from latentseq.objective import default_weights, design_architecture
from planted import SHAPE, planted_features

WEIGHTS = {"composition": None, "abundance": None, "total_depth": None}


def test_default_weights():
    assert default_weights(0) == {"composition": 1.0}
    assert default_weights(1) == {"composition": 0.5, "total_depth": 0.5}
    expected = {"composition": 0.15, "abundance": 0.85 * 3 / (4 * np.log(4)), "total_depth": 0.85 / 4}
    assert default_weights(4) == pytest.approx(expected)


def test_a_given_weight_replaces_the_default():
    features, _ = planted_features()
    architecture = design_architecture(features, WEIGHTS | {"abundance": 7.0}, **SHAPE)
    weights = {block.name: block.weight for block in architecture.blocks}
    assert weights == pytest.approx(default_weights(4) | {"abundance": 7.0})
    assert {block.name: block.likelihood for block in architecture.blocks} == {
        "composition": "squared_error",
        "abundance": "softmax",
        "total_depth": "squared_error",
    }
    assert architecture.blocks[1].columns == ("sample 1", "sample 2", "sample 3", "sample 4")


def test_long_sequences_weigh_more():
    # ln(length) - 5: 2 at the least, 3 at e^8, 5 at e^10; their mean is 3
    weights = length_weights(np.round(np.exp([2, 7, 8, 10])).astype(np.int64))
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 1, 5 / 3], rtol=1e-3)
    assert weights.dtype == np.float32


@pytest.mark.parametrize(("samples", "dropout"), [(0, 0.0), (1, 0.0), (2, 0.3)])
def test_dropout_is_for_several_samples(samples, dropout):
    features, _ = planted_features(samples=samples)
    assert design_architecture(features, WEIGHTS, **(SHAPE | {"dropout": 0.3})).dropout == dropout
