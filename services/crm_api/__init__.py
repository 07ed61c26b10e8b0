"""CRM API: what clerks see of orders, and how orders move."""
