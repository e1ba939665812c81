"""A compiled robot: what the dialogue engine executes. Immutable, made off the loop by `compile`.

A flow is a flat tuple of operations. Structure (`if`, `switch`, `repeat`, `try`, branches of `menu` and
`confirm`) is lowered to jumps; errors are routed by a table of ranges, so nothing of the nesting has to be
kept in a session. A position is remembered by an operation's `id`, never by its index (the index changes when
the author inserts a line, the id does not).
"""
