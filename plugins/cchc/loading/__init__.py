"""From staged lines to core, and which months that changes."""
