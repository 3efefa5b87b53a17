"""From core to mart: definitions, counts by half month, periods, points, and the rows behind a figure."""
