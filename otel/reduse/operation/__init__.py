"""What operates a running system: it asks, draws and recommends, and starts nothing."""
