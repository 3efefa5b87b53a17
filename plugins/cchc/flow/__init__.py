"""What Airflow runs: tasks, schedules, retries, alerts; the only part that imports Airflow."""
