"""Synthetic communes and their tables with a known truth, and a writer that exports them as offices do.

Nothing here is real; every file says so in its name and at its top.
"""

# Each name stands once: what is imported here is what the room offers.
# ruff: noqa: F401

from dvresearch.examples.commune import (
    commune_year,
    petition_lines,
    write_commune,
    write_commune_tables,
    write_petition_form,
)
from dvresearch.examples.office import write_office
from dvresearch.examples.registers import (
    cases,
    comments,
    communes,
    dossiers,
    models,
    province,
    responses,
    rollout,
    rubric,
    targets,
)
