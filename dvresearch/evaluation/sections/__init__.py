"""The chapters of the national evaluation, one module each, in the order of the report."""
