"""Files as they lie on the disk: there, whole, and known by their checksum."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place only when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def require_content(path: str | Path) -> None:
    """Raise ValueError when a file is missing or empty."""
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such file.\nHint: relative paths start at the working directory.")
    if not Path(path).stat().st_size:
        raise ValueError(f"{path}: the file is empty.")


def checksum(path: str | Path) -> str:
    """SHA-256 of a file as it lies on the disk, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
