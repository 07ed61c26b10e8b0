"""What any rate limit would have done: an exact replay of the recorded history."""
