"""Check a file before it is used: every problem in one pass, as findings with row, column and what to do."""

from dvresearch.screening.files import screen

__all__ = ["screen"]
