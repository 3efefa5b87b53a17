"""The form in which units declare figures, and the folder where they put it."""
