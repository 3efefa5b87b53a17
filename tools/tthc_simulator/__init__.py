"""A stand-in for the province's TTHC system: the same API and exports, with generated dossiers."""
