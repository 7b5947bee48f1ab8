import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq import onehot
from latentseq.onehot import (
    AMBIGUITY,
    GAP_CODE,
    LETTERS,
    MISSING_CODE,
    Frame,
    count_letters,
    decode_letters,
    distributions,
    encode_letters,
    find_frame,
    states,
)


def codes_of(*rows: str) -> np.ndarray:
    return np.array([encode_letters(row.encode()) for row in rows])


@st.composite
def alignments(draw, letters=LETTERS):
    columns = draw(st.integers(1, 6))
    rows = draw(st.lists(st.text(letters, min_size=columns, max_size=columns), min_size=1, max_size=6))
    return codes_of(*rows)


def test_codes_are_fixed():
    assert encode_letters(b"ACGT-RYSWKMBDHVN").tolist() == list(range(16))
    assert encode_letters(b"ACGT").dtype == np.uint8
    assert (GAP_CODE, MISSING_CODE) == (4, 15)


def test_other_ways_to_write_a_letter():
    assert decode_letters(encode_letters(b"acgtUuryn.?-")) == "ACGTTTRYN-N-"


@pytest.mark.parametrize("letter", b"EFILPQXZ*=! \n\0\xff")
def test_what_is_no_letter(letter):
    assert encode_letters(bytes([letter])).tolist() == [255]


@given(st.text(LETTERS))
def test_letters_come_back(text):
    assert decode_letters(encode_letters(text.encode())) == text


def test_what_letters_say():
    with_gap, without = distributions(True), distributions(False)
    assert (states(True), states(False)) == ("ACGT-", "ACGT")
    assert (with_gap.shape, with_gap.dtype, without.shape) == ((16, 5), np.float32, (16, 4))
    expected = {
        "A": [1, 0, 0, 0, 0],
        "T": [0, 0, 0, 1, 0],
        "-": [0, 0, 0, 0, 1],
        "R": [0.5, 0, 0.5, 0, 0],
        "B": [0, 1 / 3, 1 / 3, 1 / 3, 0],
        "N": [0, 0, 0, 0, 0],
    }
    for letter, shares in expected.items():
        np.testing.assert_allclose(with_gap[LETTERS.index(letter)], shares, rtol=1e-6)
        np.testing.assert_allclose(without[LETTERS.index(letter)], shares[:4], rtol=1e-6)


@pytest.mark.parametrize("gaps_are_states", [True, False])
def test_a_distribution_adds_up_to_one_or_to_nothing(gaps_are_states):
    sums = dict(zip(LETTERS, distributions(gaps_are_states).sum(axis=1), strict=True))
    missing = {"N"} if gaps_are_states else {"N", "-"}
    for letter, total in sums.items():
        assert total == pytest.approx(0 if letter in missing else 1)


def test_ambiguity_codes_are_those_of_iupac():
    complement = str.maketrans("ACGTRYSWKMBDHV", "TGCAYRSWMKVHDB")
    for letter, bases in AMBIGUITY.items():
        assert sorted(AMBIGUITY[letter.translate(complement)]) == sorted(bases.translate(complement))
    assert len({frozenset(bases) for bases in AMBIGUITY.values()}) == len(AMBIGUITY) == 10


@given(alignments(), st.data(), st.integers(1, 4))
def test_counts_are_those_of_brute_force(codes, data, block):
    weights = np.array(data.draw(st.lists(st.integers(0, 5), min_size=len(codes), max_size=len(codes))))
    expected = np.zeros((codes.shape[1], len(LETTERS)))
    for row, weight in zip(codes, weights, strict=True):
        for column, code in enumerate(row):
            expected[column, code] += weight
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onehot, "CELLS_AT_ONCE", block * len(codes))
        np.testing.assert_array_equal(count_letters(codes, weights), expected)


def test_columns_that_vary():
    #                 constant, two letters, with N, ambiguous, only N, only gaps, gap or not
    codes = codes_of("AANRN--", "ACANN-A", "AANNN-A")
    names = np.array(list("abcdefg"))
    frame = find_frame(codes, names, gaps_are_states=True)
    assert frame.variable.tolist() == [False, True, False, True, False, False, True]
    assert [frame.letters[column] for column in (0, 2, 4, 5)] == ["A", "A", "N", "-"]
    assert frame.columns.tolist() == names.tolist()
    without = find_frame(codes, names, gaps_are_states=False)
    assert without.variable.tolist() == [False, True, False, True, False, False, False]
    assert [without.letters[column] for column in (0, 2, 4, 5, 6)] == ["A", "A", "N", "-", "A"]


def test_constant_columns_are_put_back():
    codes = codes_of("ACGT", "ACTT", "ANGT")
    frame = find_frame(codes, np.arange(4).astype(str), gaps_are_states=True)
    assert frame.letters[0] == "A"
    whole = frame.fill(codes_of("G", "-"))
    assert [decode_letters(row) for row in whole] == ["ACGT", "AC-T"]
    assert whole.dtype == np.uint8


@given(alignments(), st.booleans())
def test_a_column_varies_when_its_letters_allow_for_two_states(codes, gaps_are_states):
    frame = find_frame(codes, np.arange(codes.shape[1]).astype(str), gaps_are_states)
    for column in range(codes.shape[1]):
        possible = set("".join(AMBIGUITY.get(letter, letter) for letter in decode_letters(codes[:, column])))
        possible &= set(states(gaps_are_states))
        assert frame.variable[column] == (len(possible) > 1)
        if len(possible) == 1:
            assert frame.letters[column] == possible.pop()


@given(alignments("ACGT-"))
def test_an_alignment_without_missing_letters_comes_back_whole(codes):
    frame = find_frame(codes, np.arange(codes.shape[1]).astype(str), gaps_are_states=True)
    np.testing.assert_array_equal(frame.fill(codes[:, frame.variable]), codes)


def test_letters_unlike_a_constant_column_are_counted():
    frame = Frame(np.array(list("abcd")), "A?-N", 9)
    codes = np.array([encode_letters(text) for text in (b"ACGT", b"CC-A", b"NGNA", b"-TTT", b"RA-A")])
    assert frame.unseen_letters(codes, gaps_are_states=True).tolist() == [1, 1, 0, 2, 0]
    assert frame.unseen_letters(codes, gaps_are_states=False).tolist() == [1, 1, 0, 1, 0]
