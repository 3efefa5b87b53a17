"""A simulated document-management system (QLVB&ĐH): documents in and out, and work dossiers."""
