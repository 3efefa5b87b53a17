"""The command line, `python -m cchc …`: figures' rows, forms, loading and checks for whoever runs this."""
