"""The life of a request in this process: taken in, made durable, counted, and what its windows yield sent on."""
