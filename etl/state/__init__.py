"""What outlives a run: the ledger and, later, watermarks and leases, all over one object store."""
