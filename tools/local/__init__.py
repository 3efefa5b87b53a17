"""The whole product on one machine: embedded PostgreSQL, simulated source and a real Airflow."""
