"""What a project says: reads conf/ and jobs/. No Spark, no AWS."""
