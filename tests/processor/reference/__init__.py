"""What the processor must answer, worked out the slow way, in plain Python: everything is kept, and each answer is
counted from all of it anew. It shares no code with the processor."""
