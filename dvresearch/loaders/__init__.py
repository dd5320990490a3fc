"""Files to tables."""

from dvresearch.loaders.convert import convert_dossiers
from dvresearch.loaders.declaration import Declaration
from dvresearch.loaders.figures import load_figures, load_index766, load_tallies
from dvresearch.loaders.form_layouts import blank_form
from dvresearch.loaders.forms import load_form
from dvresearch.loaders.guard import Limits
from dvresearch.loaders.load import (
    OpenQuestion,
    load_cases,
    load_dossiers,
    load_models,
    load_responses,
    load_rubric,
    load_targets,
)
from dvresearch.loaders.published import build_processed, cite, datapackage, sources
from dvresearch.loaders.questionnaires import Questionnaire, questionnaire
from dvresearch.loaders.sheets import read_sheets
from dvresearch.loaders.structure import read_tables

__all__ = [
    "Declaration", "Limits", "OpenQuestion", "Questionnaire", "blank_form", "build_processed", "cite",
    "convert_dossiers", "datapackage", "load_cases", "load_dossiers", "load_figures", "load_form", "load_index766",
    "load_models", "load_responses", "load_rubric", "load_tallies", "load_targets", "questionnaire", "read_sheets",
    "read_tables", "sources",
]  # fmt: skip
