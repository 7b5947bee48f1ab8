import pytest
from latentseq.earlier_settings import require_same_encoding

RUN = {"model": "vae", "region": None}
ENCODE = {"method": "kmer", "k": 4, "project": True}


def test_the_same_settings_fit():
    require_same_encoding(RUN | {"encode": ENCODE, "seed": 1}, RUN | {"encode": dict(ENCODE), "seed": 2})


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
        require_same_encoding(RUN | {"encode": ENCODE | changes}, RUN | {"encode": ENCODE})


def test_principal_components_take_no_newcomers():
    with pytest.raises(
        ValueError, match=r"^The earlier run has the model pca(.|\n)*Hint: name the folder of a run with"
    ):
        require_same_encoding({"encode": ENCODE}, {"model": "pca", "encode": ENCODE})


@pytest.mark.parametrize(
    ("here", "there"), [("a:5-9", "b:5-9"), ("a", "b"), (None, "a:5-9"), ("virus:2:5-9", "virus:1:5-9")]
)
def test_another_reference_is_refused(here, there):
    runs = (RUN | {"region": region, "encode": ENCODE} for region in (here, there))
    with pytest.raises(ValueError, match=r"^The setting region is .* here and was .* in the earlier run"):
        require_same_encoding(*runs)


def test_a_region_may_be_written_in_another_way():
    require_same_encoding(*(RUN | {"region": region, "encode": ENCODE} for region in ("a:1,005-9,000", "a:1005-9000")))
