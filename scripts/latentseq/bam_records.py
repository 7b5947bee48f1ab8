"""Reading alignments from the bytes of BAM records (SAM specification, section 4.2), compiled: depth and hits."""

import numpy as np
from numba import njit

FATES = (
    "used",
    "unmapped",
    "secondary",
    "supplementary",
    "duplicate",
    "qc_fail",
    "other_flag",
    "other_reference",
    "low_mapq",
    "low_identity",
)
(
    USED,
    UNMAPPED,
    SECONDARY,
    SUPPLEMENTARY,
    DUPLICATE,
    QC_FAIL,
    OTHER_FLAG,
    OTHER_REFERENCE,
    LOW_MAPQ,
    LOW_IDENTITY,
) = range(len(FATES))
WHOLE, DAMAGED, WITHOUT_NM = range(3)
HEAD = 36  # bytes of a record before its name: the block size and the fields of fixed width
NO_NM = -1
NO_SCORE = -(1 << 40)
# Numbers, as each `ord` in a compiled function costs a tenth of a second when it is compiled.
NM, AS, CG = (int.from_bytes(tag, "little") for tag in (b"NM", b"AS", b"CG"))
INT8, UINT8, INT16, UINT16, INT32, UINT32, TEXT, HEXADECIMAL, ARRAY = b"cCsSiIZHB"  # letters of types of tags
SIZES = np.full(256, -1, np.int64)  # of values of fixed size, by the letter of their type; -1 for others
for letters, size in ((b"AcC", 1), (b"sS", 2), (b"iIf", 4), (b"d", 8)):
    SIZES[list(letters)] = size


@njit(cache=True)
def uint16(data, at):  # type: ignore[no-untyped-def]
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@njit(cache=True)
def int32(data, at):  # type: ignore[no-untyped-def]
    value = uint16(data, at) | uint16(data, at + 2) << 16
    return value - (value >> 31 << 32)


@njit(cache=True)
def flag_fate(flag, exclude_flags):  # type: ignore[no-untyped-def]
    """Say why the flag of a record excludes it, USED if it does not; unmapped records are never used."""
    if flag & 4:
        return UNMAPPED
    excluded = flag & exclude_flags
    if excluded & 256:
        return SECONDARY
    if excluded & 2048:
        return SUPPLEMENTARY
    if excluded & 1024:
        return DUPLICATE
    if excluded & 512:
        return QC_FAIL
    return OTHER_FLAG if excluded else USED


@njit(cache=True)
def _value_size(data, at, end):  # type: ignore[no-untyped-def]
    """Size in bytes of the value of a tag whose type letter is at `at`; -1 for a type that does not exist."""
    kind = data[at]
    if SIZES[kind] > 0:
        return SIZES[kind]
    if kind in (TEXT, HEXADECIMAL):
        last = at + 1
        while last < end and data[last] != 0:
            last += 1
        return last - at
    if kind == ARRAY and at + 6 <= end:
        width = SIZES[data[at + 1]]
        return np.int64(-1) if width < 1 or width > 4 else 5 + width * (int32(data, at + 2) & 0xFFFFFFFF)
    return np.int64(-1)


@njit(cache=True)
def _integer(data, at, otherwise):  # type: ignore[no-untyped-def]
    """Value of an integer tag whose type letter is at `at`; `otherwise` where the type is no integer."""
    kind = data[at]
    if kind == UINT8:
        return np.int64(data[at + 1])
    if kind == INT8:
        return np.int64(np.int8(data[at + 1]))
    if kind == UINT16:
        return uint16(data, at + 1)
    if kind == INT16:
        return np.int64(np.int16(uint16(data, at + 1)))
    if kind == INT32:
        return int32(data, at + 1)
    if kind == UINT32:
        return int32(data, at + 1) & 0xFFFFFFFF
    return np.int64(otherwise)


@njit(cache=True)
def _read_tags(data, at, end):  # type: ignore[no-untyped-def]
    """Find in the tags of a record the number of edits NM, the score AS, and where a CIGAR in the tag CG starts.

    Gives state, NM (NO_NM without), AS (NO_SCORE without), start and number of operations of CG (0, 0 without).
    """
    edits, score, cigar, operations = np.int64(NO_NM), np.int64(NO_SCORE), np.int64(0), np.int64(0)
    while at + 3 < end:
        size = _value_size(data, at + 2, end)
        if size < 0 or at + 3 + size > end:
            return DAMAGED, edits, score, cigar, operations
        tag = uint16(data, at)
        if tag == NM:
            edits = _integer(data, at + 2, NO_NM)
        elif tag == AS:
            score = _integer(data, at + 2, NO_SCORE)
        elif tag == CG and data[at + 2] == ARRAY and size > 5:
            cigar, operations = at + 8, (size - 5) // 4
        at += 3 + size
    return WHOLE, edits, score, cigar, operations


@njit(cache=True)
def _is_placeholder(data, cigar, operations, bases):  # type: ignore[no-untyped-def]
    """Say whether a CIGAR is `<bases>S<length>N`, which stands for one of more than 65,535 operations in the
    tag CG.
    """
    return operations == 2 and int32(data, cigar) & 0xFFFFFFFF == bases << 4 | 4 and data[cigar + 4] & 15 == 3


@njit(cache=True)
def _count_columns(data, cigar, operations):  # type: ignore[no-untyped-def]
    """Columns of an alignment (M, =, X, I, D) and aligned bases among them (M, =, X)."""
    columns, aligned = np.int64(0), np.int64(0)
    for at in range(cigar, cigar + 4 * operations, 4):
        letter = data[at] & 15
        length = (int32(data, at) & 0xFFFFFFFF) >> 4
        if letter == 0 or letter == 7 or letter == 8:
            aligned += length
            columns += length
        elif letter == 1 or letter == 2:
            columns += length
    return columns, aligned


@njit(cache=True)
def _add_block(start, end, interior, sums):  # type: ignore[no-untyped-def]
    """Add aligned bases [start, end), counted from the start of the interior, to the windows they overlap."""
    windows = len(sums)
    start, end = max(start, 0), min(end, interior)
    if start >= end:
        return
    window = ((start + 1) * windows - 1) // interior
    while start < end:
        border = interior * (window + 1) // windows
        sums[window] += min(end, border) - start
        start = border
        window += 1


@njit(cache=True)
def _add_alignment(data, cigar, operations, position, interior, sums):  # type: ignore[no-untyped-def]
    """Add the aligned bases of one alignment; deletions (D) and skips (N) move on without counting."""
    for at in range(cigar, cigar + 4 * operations, 4):
        letter = data[at] & 15
        length = (int32(data, at) & 0xFFFFFFFF) >> 4
        if letter == 0 or letter == 7 or letter == 8:
            _add_block(position, position + length, interior, sums)
            position += length
        elif letter == 2 or letter == 3:
            position += length


@njit(cache=True)
def add_records(  # type: ignore[no-untyped-def]
    data, rows, trims, interiors, offsets, sums, fates, exclude_flags, min_mapq, min_identity
):
    """Add the aligned bases of whole BAM records to the windows of the sequences, and count the fates.

    `data`: uint8, starts at a record and may end inside one. `rows`: for each reference its sequence or -1,
    int32. `trims`, `interiors`: bases left out at each end and bases between them, int64 (n,). `offsets`:
    first window of each sequence, int64 (n + 1,). `sums`: aligned bases of each window, int64 (W,), added to.
    `fates`: counts in the order of FATES, int64, added to. Returns the number of bytes used and the state of
    the record there: WHOLE, DAMAGED or WITHOUT_NM (a record that would be used and has no number of edits).
    """
    at = np.int64(0)
    while at + 4 <= len(data):
        end = at + 4 + int32(data, at)
        if end < at + HEAD:
            return at, DAMAGED
        if end > len(data):
            break
        reference = int32(data, at + 4)
        operations = uint16(data, at + 16)
        bases = int32(data, at + 20)
        cigar = at + HEAD + np.int64(data[at + 12])
        tags = cigar + 4 * operations + (bases + 1) // 2 + bases
        if reference >= len(rows) or bases < 0 or tags > end:
            return at, DAMAGED
        fate = flag_fate(uint16(data, at + 18), exclude_flags)
        if fate == USED:
            fate, state, row, cigar, operations, _, _ = judge(
                data, at, tags, end, rows, reference, cigar, operations, bases, min_mapq, min_identity
            )
            if state != WHOLE:
                return at, state
            if fate == USED:
                position = np.int64(int32(data, at + 8)) - trims[row]
                windows = sums[offsets[row] : offsets[row + 1]]
                _add_alignment(data, cigar, operations, position, interiors[row], windows)
        fates[fate] += 1
        at = end
    return at, WHOLE


@njit(cache=True)
def judge(  # type: ignore[no-untyped-def]
    data, at, tags, end, rows, reference, cigar, operations, bases, min_mapq, min_identity
):
    """Decide on a record whose flag is good: its fate, state, sequence, place of its CIGAR, edits and score.

    Identity is compared in counts of columns, so that 24 edits in 75 columns are 0.68 in spite of rounding.
    """
    row = np.int64(rows[reference]) if reference >= 0 else np.int64(-1)
    none, unscored = np.int64(NO_NM), np.int64(NO_SCORE)
    if reference < 0 or operations == 0:
        return UNMAPPED, WHOLE, row, cigar, operations, none, unscored
    if row < 0:
        return OTHER_REFERENCE, WHOLE, row, cigar, operations, none, unscored
    if data[at + 13] < min_mapq:
        return LOW_MAPQ, WHOLE, row, cigar, operations, none, unscored
    state, edits, score, long_cigar, long_operations = _read_tags(data, tags, end)
    if long_operations and _is_placeholder(data, cigar, operations, bases):
        cigar, operations = long_cigar, long_operations
    columns, aligned = _count_columns(data, cigar, operations)
    if state != WHOLE or aligned == 0:
        return UNMAPPED, state, row, cigar, operations, edits, score
    if min_identity <= 0:
        return USED, WHOLE, row, cigar, operations, edits, score
    if edits < 0:
        return LOW_IDENTITY, WITHOUT_NM, row, cigar, operations, edits, score
    fate = USED if columns - edits >= min_identity * columns - 1e-6 else LOW_IDENTITY
    return fate, WHOLE, row, cigar, operations, edits, score


def record_name(data: np.ndarray, at: int) -> str:
    """Name of the read whose record starts at `at`."""
    return bytes(data[at + HEAD : at + HEAD + int(data[at + 12]) - 1]).decode("utf-8", "replace")
