"""What names may look like, and which sample a sequence belongs to by its name."""

import re
from collections.abc import Collection, Sequence

FILE_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def check_name(kind: str, name: str, where: str) -> None:
    """Raise ValueError unless `name` can be part of a file name everywhere.

    `kind` is the word for it in the message (sample, dataset, run), `where` says in which file or setting it
    stands.
    """
    if not isinstance(name, str):
        raise ValueError(
            f"{where}: {kind} name {name!r} is no text, but a number, or yes, no, true or false.\n"
            f'Hint: put the name in quotes, as in "{name}".'
        )
    if not FILE_SAFE_NAME.fullmatch(name):
        raise ValueError(
            f"{where}: {kind} name {name!r} cannot be used: {kind} names become file names; expected 1 to "
            "100 letters (A to Z, a to z), digits, '.', '_' or '-', not starting with '.' or '-'.\n"
            f"Hint: rename the {kind}."
        )


def check_separator(separator: str) -> None:
    """Raise ValueError unless `separator` is printable text without white space."""
    if not separator or not separator.isprintable() or " " in separator:
        raise ValueError(
            f"The setting separator is {separator!r}; expected one or more printable characters without "
            "white space.\n"
            "Hint: the separator stands between the sample and the rest of a sequence name, as C does in "
            "S1C27."
        )


def decode_name(name: bytes, where: str) -> str:
    """Decode the name of a sequence; any printable UTF-8 is good, it is never a path and never a shell word.

    Raises ValueError for an empty name, for bytes that are not UTF-8 and for control characters.
    """
    if not name:
        raise ValueError(
            f"{where} has no name; expected one at the start of its header.\nHint: give every record a name."
        )
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{where} has the name {name!r}, which is not UTF-8 text.\nHint: rename it.") from None
    if not text.isprintable():
        raise ValueError(f"{where} has the name {text!r} with a control character in it.\nHint: rename it.")
    return text


def add_prefix(name: str, sample: str, separator: str) -> str:
    """Put `<sample><separator>` before a name that does not start with it yet."""
    prefix = sample + separator
    return name if name.startswith(prefix) else prefix + name


def find_sample(name: str, known: Collection[str], separator: str) -> str | None:
    """Give the longest known sample that starts `name` with the separator after it, None without one."""
    found = None
    end = name.find(separator)
    while end != -1:
        if name[:end] in known:
            found = name[:end]
        end = name.find(separator, end + 1)
    return found


def assign_samples(
    names: Sequence[str], given: Sequence[str | None], known: Collection[str], separator: str
) -> list[str]:
    """Say for every sequence from which sample's assembly it is; the empty string for one co-assembly.

    `given` (one for each name) holds the sample where the sample sheet says it, else None. If no sample is
    given and no name starts with `<known sample><separator>`, it is one co-assembly. Otherwise there are
    several assemblies and every name is split: at the longest known sample, else at the first separator, as a
    sample may be assembled and have no reads here. Raises ValueError for a name without separator among
    several assemblies.
    """
    known = frozenset(known)
    found = [
        sample if sample is not None else find_sample(name, known, separator)
        for name, sample in zip(names, given, strict=True)
    ]
    split = next((row for row, sample in enumerate(found) if sample is not None), None)
    if split is None:
        return [""] * len(names)
    example = f"{names[split]!r} is of sample {found[split]!r}"
    return [
        _split_name(name, separator, example) if sample is None else sample
        for name, sample in zip(names, found, strict=True)
    ]


def _split_name(name: str, separator: str, example: str) -> str:
    sample, separated, _ = name.partition(separator)
    if not separated:
        raise ValueError(
            f"Sequence {name!r} names no sample: {example}, so there are several assemblies and every name "
            f"must be <sample>{separator}<rest>, but the separator {separator!r} is not in it.\n"
            "Hint: set `separator` to what stands between sample and rest in your names, or give one file a"
            " sample in the column fasta of the sample sheet."
        )
    check_name("sample", sample, f"Sequence {name!r}")
    return sample
