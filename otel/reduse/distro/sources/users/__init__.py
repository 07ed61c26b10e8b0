"""Who sent a request, under which pseudonym, and what each sent between two exports."""
