"""From a landed file to staged lines: header, cells, canonical values."""
