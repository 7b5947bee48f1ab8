"""Which of many rows to look at."""

import numpy as np


def evenly(number: int, most: int) -> np.ndarray:
    """Places of all rows, or of the most allowed at even steps; int64."""
    return np.arange(number) if number <= most else np.linspace(0, number - 1, most).astype(np.int64)
