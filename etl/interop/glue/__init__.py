"""Glue's jobs and triggers as a project: what the API answers, or what CloudFormation declares."""
