"""The history of users' requests: one row for each second, user and policy, in Parquet files.

`schema` says what is in the files, `reading.read` gives it back. docs/history.md is the page for who asks with SQL.
"""
