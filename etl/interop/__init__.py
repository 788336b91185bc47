"""Definitions of other tools, taken over into a project, and a project's graph for them."""
