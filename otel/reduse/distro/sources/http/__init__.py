"""HTTP requests, measured from the outside of an application."""
