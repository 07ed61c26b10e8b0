"""Invoices of a company's customers."""
