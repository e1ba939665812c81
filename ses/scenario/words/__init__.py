"""Words of people and of patterns: texts split into them, and their forms by dictionaries."""
