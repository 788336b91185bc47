"""Jobs on a schedule: which intervals are due, what they wait for, and the process that runs them."""
