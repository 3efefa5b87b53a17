"""Programs around the pipeline: the local stack, the simulated sources, benchmarks and generators."""

import sys
from pathlib import Path

# They are started as `python -m tools.…` in a clone, where the package is not installed.
if (_plugins := str(Path(__file__).resolve().parents[1] / "plugins")) not in sys.path:
    sys.path.insert(0, _plugins)
