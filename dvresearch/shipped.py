"""Where the published files that come with the package lie, and what every cell of them says.

Ground floor: `places` and `loaders` both read from here, so neither needs the other's reader.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = ["cells", "folder"]


def folder() -> Path:
    """Return the folder of the published files: ``data/raw`` of a checkout, a copy of it in an installed package."""
    package = Path(__file__).parent
    checkout = package.parent / "data" / "raw"
    return checkout if checkout.is_dir() else package / "_data" / "raw"


def cells(name: str) -> pd.DataFrame:
    """Return a published file as text, empty cells as ``""``: codes such as ``01`` keep their zero.

    Parameters
    ----------
    name : str
        File name, for example ``units-34.csv``.
    """
    return pd.read_csv(folder() / name, dtype=str, keep_default_na=False, encoding="utf-8")
