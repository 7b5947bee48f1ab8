import pytest
from latentseq.earlier_settings import require_same_encoding

ENCODE = {"method": "kmer", "k": 4, "project": True}


def test_the_same_settings_fit():
    require_same_encoding({"encode": ENCODE, "seed": 1}, {"model": "vae", "encode": dict(ENCODE), "seed": 2})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": 5}, r"^The settings do not fit the earlier run: encode\.k is 5 here and was 4 there\.\nHint:"),
        ({"k": 5, "method": "onehot"}, r"encode\.method is 'onehot' here and was 'kmer' there; encode\.k is 5 here"),
        ({"gaps": "state"}, r"encode\.gaps is 'state' here and was None there"),
    ],
)
def test_settings_that_differ_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        require_same_encoding({"encode": ENCODE | changes}, {"model": "vae", "encode": ENCODE})


def test_principal_components_take_no_newcomers():
    with pytest.raises(
        ValueError, match=r"^The earlier run has the model pca(.|\n)*Hint: name the folder of a run with"
    ):
        require_same_encoding({"encode": ENCODE}, {"model": "pca", "encode": ENCODE})
