"""The jobs of this project: each module or package here that defines ``JOB`` is one."""
