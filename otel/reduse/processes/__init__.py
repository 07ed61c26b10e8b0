"""What the stack starts for a company beside the pipeline: the model of `processes.yaml`, and the reading of it.

A company that runs its own databases, brokers and services has no such file: then only the pipeline is started.
"""
