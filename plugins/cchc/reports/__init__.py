"""Official files of a period: form II.06a, figures, a unit's late dossiers, a draft of the report."""
