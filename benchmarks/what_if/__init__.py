"""How long a replay of a recorded history takes."""
