"""Companies other than the reference company, as strangers have them."""
