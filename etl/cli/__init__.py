"""The command line: parse, call, render. The only place that prints and exits.

stdout carries data, stderr carries what people read meanwhile.
"""

from etl.cli.process import main

__all__ = ["main"]
