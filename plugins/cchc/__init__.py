"""The CCHC indicator warehouse: from an export of a source system to a figure with its rows."""
