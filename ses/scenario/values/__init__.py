"""Values in expressions and variables: what they are, and how data keeps and people read them."""
