"""What a project says: its jobs, their graph, and the plans made from them. No Spark, no AWS."""
