"""Voice messages: fetched, recognised, spoken, and what is remembered of that."""
