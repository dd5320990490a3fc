"""One yearly evaluation: its specification, its sections, its renderers, its manifest."""
