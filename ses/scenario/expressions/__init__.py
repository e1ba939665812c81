"""Expressions, templates and data with templates in them: syntax, types, closures, values and how they are worded."""
