"""Where the id of a user can be read from: each looks at an ASGI scope and gives an id, or nothing."""
