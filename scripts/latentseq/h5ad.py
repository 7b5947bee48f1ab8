"""Text in the form that anndata writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pandas as pd

NONE: Final = "none"  # what stands for no cluster and no label: categories with an empty name are hard to choose


@contextmanager
def plain_strings() -> Iterator[None]:
    """Let pandas hold text as Python's own: anndata cannot write the newer type, nor can older readers read it."""
    with pd.option_context("future.infer_string", False):
        yield


def categories(texts: pd.Series) -> pd.Categorical:
    """Text as categories, 2 before 10, and `none` last."""
    found = texts.astype(object).replace("", NONE)
    order = sorted(set(found), key=lambda text: (text == NONE, len(text), text))
    return pd.Categorical(found, categories=pd.Index(order, dtype=object))


def text_index(names: Any) -> pd.Index:
    """Names as an index of plain text."""
    return pd.Index([str(name) for name in names], dtype=object)
