"""dvresearch: research and evaluation of công tác dân vận chính quyền.

The names below load their module when first used, so that importing the
package costs no more than importing pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that defines it. One public way to each thing.
_WHERE = {
    "DataError": "dvresearch.errors",
    "ParameterError": "dvresearch.errors",
}

__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str) -> Any:
    try:
        return getattr(import_module(_WHERE[name]), name)
    except KeyError:
        pass
    if name in _ROOMS:
        return import_module(f"dvresearch.{name}")
    raise AttributeError(f"module 'dvresearch' has no attribute {name!r}")


_ROOMS = ("codebook", "errors", "evaluation", "loaders", "metrics", "places", "plots", "tables", "text", "wording")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
