"""Synthetic communes and their tables with a known truth, and a writer that exports them as offices do.

Nothing here is real; every file says so in its name and at its top.
"""

# Each name stands once: what is imported here is what the room offers.
# ruff: noqa: F401

from dvresearch.examples.cases import cases
from dvresearch.examples.comments import comments
from dvresearch.examples.commune import commune_year, write_commune
from dvresearch.examples.models import models
from dvresearch.examples.office import write_office
from dvresearch.examples.petitions import petition_lines, write_commune_tables, write_petition_form
from dvresearch.examples.plans import rubric, targets
from dvresearch.examples.province import province
from dvresearch.examples.records import communes, dossiers
from dvresearch.examples.responses import responses
from dvresearch.examples.rollout import rollout
