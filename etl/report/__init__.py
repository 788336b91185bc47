"""What people see of a run: the terminal, the report, the schemas of what it leaves behind."""
