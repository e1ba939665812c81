"""The store on a PostgreSQL server: one connection writes, a pool reads."""
