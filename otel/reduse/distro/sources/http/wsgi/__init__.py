"""HTTP requests of WSGI applications, measured from the outside as those of ASGI ones are."""
