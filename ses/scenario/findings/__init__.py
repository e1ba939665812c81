"""What is wrong with a robot, where, and what to write instead; as text, JSON, annotations and SARIF."""
