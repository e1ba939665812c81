"""The steps of a flow: a map with one step key each, plus `if`, `label` and `on_error`."""
