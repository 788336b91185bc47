"""Bundles, and the platforms they are submitted to."""
