"""What officers keep in sql/reference: units, the working calendar, the items that units declare."""
