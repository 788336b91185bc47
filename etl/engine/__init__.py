"""What a run does: takes a plan, drives the phases of each step in graph order."""
