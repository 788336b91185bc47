"""What people see of a run: the terminal, the artifacts, the report."""
