"""The panel "Function": what the network computes over one or two of its inputs."""
