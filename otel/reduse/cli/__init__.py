"""The command line, `./reduse --help`: a module for each group of commands, and `main` that runs them."""
