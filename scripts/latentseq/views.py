"""What `whitening` finds out about composition: directions, noise by length, and the windows of every sequence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Whitening:
    """A linear map of projected composition, (n, C), to K directions in which the noise at 4 kb is 1.

    centre: (C,); directions: (C, K); inverse: (K, C), the way back; spread: (K,) variance between genomes; lengths:
    (m,) bases, rising, and variances: (m, K), the noise at these lengths. All float32.
    """

    centre: np.ndarray
    directions: np.ndarray
    inverse: np.ndarray
    spread: np.ndarray
    lengths: np.ndarray
    variances: np.ndarray


@dataclass(frozen=True)
class Views:
    """Composition of windows of about 1 kb: any stretch of a sequence is a mean over windows.

    offsets: (n + 1,) int64, where each sequence's windows begin; profiles: (windows, K) float32, whitened.
    """

    whitening: Whitening
    offsets: np.ndarray
    profiles: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it by name, for a file of arrays."""
        named = {f"views_{name}": values for name, values in vars(self.whitening).items()}
        return named | {"views_offsets": self.offsets, "views_profiles": self.profiles}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Views":
        """Rebuild from what `arrays` gave."""
        whitening = Whitening(**{field.name: np.array(arrays[f"views_{field.name}"]) for field in fields(Whitening)})
        return cls(whitening, np.array(arrays["views_offsets"]), arrays["views_profiles"])
