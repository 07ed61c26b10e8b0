"""The settings: environment variables, who reads each, and what is wrong with one."""
