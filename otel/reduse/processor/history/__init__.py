"""What the processor keeps of each window: the writing of reduse.history. It knows no engine, no log and no Kafka."""
