"""The province that both simulated systems serve: its units, people, calendar, and how they answer."""
