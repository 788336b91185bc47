"""AWS Data Pipeline's definitions: read in every encoding, evaluated, and written as a project."""
