import pytest
from latentseq.wording import count_of, format_bases, format_number, format_share


@pytest.mark.parametrize(
    ("bases", "text"),
    [(999, "999 bases"), (1000, "1.00 kb"), (999_600, "1.00 Mb"), (4_214_000, "4.21 Mb"), (197e6, "197 Mb")],
)
def test_bases_have_units(bases, text):
    assert format_bases(bases) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100.0 %"), (0.99999, "> 99.9 %"), (0, "0.0 %"), (1e-6, "< 0.1 %"), (0.921, "92.1 %")],
)
def test_shares_are_not_rounded_to_all_or_nothing(share, text):
    assert format_share(share) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.00001, "1.00e-05"), (0.0123, "0.0123"), (12.3, "12.3"), (12345.6, "12,346")],
)
def test_numbers_have_three_digits(number, text):
    assert format_number(number) == text


def test_one_thing_is_singular():
    assert count_of(1, "bin", "bins") == "1 bin"
    assert count_of(2000, "bin", "bins") == "2,000 bins"
