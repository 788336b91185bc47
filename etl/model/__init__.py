"""What a job is: frozen values, attrs and the standard library only."""
