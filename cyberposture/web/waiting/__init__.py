"""What waits for whom, one module a subject: each has `waiting_for(visit)`; see `web/tasks.py`."""
