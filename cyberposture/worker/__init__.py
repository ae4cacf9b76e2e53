"""The clock and the executor: they start what the schedule rows say, and decide nothing else."""
