"""One run as a scheduler or platform calls it: its execution, what it leaves behind, and the record of runs."""
