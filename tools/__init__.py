"""Programs around the pipeline: the local stack, the simulated source, benchmarks and generators."""
