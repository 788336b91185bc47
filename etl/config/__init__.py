"""What conf/ says: layers of TOML, every value with its origin, no secret written out."""
