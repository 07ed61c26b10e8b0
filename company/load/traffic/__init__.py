"""The users of the reference company: customers, clerks, operators and partners."""
