"""Where exports come from, and the landing area that keeps them unchanged."""
