"""Applications in the shapes that public ones have, with no word about telemetry in them."""
