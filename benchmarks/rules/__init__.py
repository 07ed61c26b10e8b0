"""What the evaluation of all rules costs for a company of some size."""
