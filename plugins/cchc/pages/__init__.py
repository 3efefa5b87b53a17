"""What people open in a browser: figures, their dossiers, units, the running of the warehouse; read only."""
