"""The Celery driver of the tracker: tasks, the scheduler, and what a worker process holds. Decides nothing itself."""
