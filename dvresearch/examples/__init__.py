"""Synthetic communes and dossiers with a known truth, and a writer that exports them as offices do.

Nothing here is real; every file says so in its name and at its top.
"""

from dvresearch.examples.commune import commune_year, write_commune
from dvresearch.examples.office import Mess, write_office
from dvresearch.examples.records import communes, dossiers

__all__ = ["Mess", "commune_year", "communes", "dossiers", "write_commune", "write_office"]
