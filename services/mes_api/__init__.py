"""MES API: jobs in manufacturing, for orders of the shop and for partners."""
