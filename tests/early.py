"""Loaded by pytest before its other plugins (`addopts` in pyproject.toml).

The checker of notebook files compiles a grammar of international addresses when it is imported, nearly four seconds in
every process of the tests. No format of a notebook uses it, and the checker goes without when it is not installed.
"""

import sys

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
