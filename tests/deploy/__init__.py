"""The ways to run the parts on real machines."""
