"""Letters of aligned sequences as one byte each, and what a letter says about the base behind it."""

from dataclasses import dataclass

import numpy as np

BASES = "ACGT"
GAP = "-"
AMBIGUITY = {
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
}
MISSING = "N"
VARIABLE = "?"  # in a frame: a column that varies
LETTERS = BASES + GAP + "".join(AMBIGUITY) + MISSING  # a letter's code is its place here
GAP_CODE, MISSING_CODE = LETTERS.index(GAP), LETTERS.index(MISSING)
FEWEST_SEEN = 0.5  # pseudo-count of a state in a column, so that nothing is impossible
CELLS_AT_ONCE = 2**24  # letters looked at together: bounds the memory of what counts them


def _codes_of_bytes() -> np.ndarray:
    table = np.full(256, 255, np.uint8)
    for code, letter in enumerate(LETTERS):
        table[ord(letter)] = table[ord(letter.lower())] = code
    table[ord("U")] = table[ord("u")] = LETTERS.index("T")
    table[ord(".")] = GAP_CODE
    table[ord("?")] = MISSING_CODE
    return table


CODES_OF_BYTES = _codes_of_bytes()  # 255: no letter of an alignment
BYTES_OF_CODES = np.frombuffer(LETTERS.encode(), np.uint8)


def encode_letters(sequence: bytes) -> np.ndarray:
    """Codes of letters, (length,) uint8; U is T, '.' is a gap and '?' is N; 255 for what is no such letter."""
    return CODES_OF_BYTES[np.frombuffer(sequence, np.uint8)]


def decode_letters(codes: np.ndarray) -> str:
    """Text of codes, (length,) uint8."""
    return BYTES_OF_CODES[codes].tobytes().decode()


def states(gaps_are_states: bool) -> str:
    """What a column can be: A, C, G, T, and the gap where it counts as a fifth state."""
    return BASES + GAP if gaps_are_states else BASES


def distributions(gaps_are_states: bool) -> np.ndarray:
    """What each code says about the state: one state, equal shares of an ambiguity code's bases, or zeros where the
    letter is missing (N, and the gap where it is no state of its own); (codes, states) float32."""
    columns = states(gaps_are_states)
    table = np.zeros((len(LETTERS), len(columns)), np.float32)
    for code, letter in enumerate(LETTERS):
        for possible in AMBIGUITY.get(letter, letter):
            if possible in columns:
                table[code, columns.index(possible)] = 1 / len(AMBIGUITY.get(letter, letter))
    return table


def count_letters(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted count of every code in every column, (columns, codes) float64; codes (n, columns), weights (n,)."""
    counts = np.zeros((codes.shape[1], len(LETTERS)))
    block = max(1, CELLS_AT_ONCE // max(1, len(codes)))
    for start in range(0, codes.shape[1], block):
        part = np.asarray(codes[:, start : start + block])
        for code in np.unique(part):
            counts[start : start + part.shape[1], code] = weights @ (part == code)
    return counts


def has_gaps(codes: np.ndarray) -> bool:
    """Whether any sequence has a gap; codes (n, columns), looked at in the order in which they lie on the disk."""
    rows = max(1, CELLS_AT_ONCE // max(1, codes.shape[1]))
    return any(bool((codes[start : start + rows] == GAP_CODE).any()) for start in range(0, len(codes), rows))


@dataclass(frozen=True)
class Frame:
    """All columns of an alignment, also those that never vary and so are not in the network.

    columns: (all,) names; letters: text with one letter a column, what stands there in every sequence (N where no
    sequence has a letter), and '?' in the columns that vary; n_sequences: how many there were.
    """

    columns: np.ndarray
    letters: str
    n_sequences: int

    @property
    def variable(self) -> np.ndarray:
        """Columns that vary, (all,) bool."""
        return np.frombuffer(self.letters.encode(), np.uint8) == ord(VARIABLE)

    def fill(self, codes: np.ndarray) -> np.ndarray:
        """Put the constant columns back; codes (n, variable columns), result (n, all columns), both uint8."""
        whole = np.tile(encode_letters(self.letters.encode()), (len(codes), 1))
        whole[:, self.variable] = codes
        return whole

    def unseen_letters(self, codes: np.ndarray, gaps_are_states: bool) -> np.ndarray:
        """Count bases, and gaps where they are states, that differ from the letter of a constant column.

        codes: (n, all columns); result (n,). Ambiguity codes, N, and columns without any letter are no differences.
        """
        constant = encode_letters(self.letters.encode())
        looked_at = np.flatnonzero(~self.variable & (constant <= GAP_CODE))
        found = codes[:, looked_at]
        known = found <= GAP_CODE if gaps_are_states else found < GAP_CODE
        return ((found != constant[looked_at]) & known).sum(axis=1)


def find_frame(codes: np.ndarray, columns: np.ndarray, gaps_are_states: bool) -> Frame:
    """Tell the columns that vary from those that do not; codes (n, all columns) uint8, columns (all,) names.

    A column varies when its sequences allow for more than one state: two letters, or an ambiguity code.
    """
    seen = count_letters(codes, np.ones(len(codes))) > 0
    possible = seen.astype(np.float32) @ (distributions(gaps_are_states) > 0).astype(np.float32) > 0
    n_states = possible.sum(axis=1)
    constant = np.array(list(states(gaps_are_states)))[possible.argmax(axis=1)]
    letters = np.where(n_states > 1, VARIABLE, np.where(n_states == 1, constant, MISSING))
    if not gaps_are_states:  # a column of gaps alone is one
        letters = np.where((n_states == 0) & seen[:, GAP_CODE], GAP, letters)
    return Frame(columns, "".join(letters), len(codes))
