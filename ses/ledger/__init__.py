"""What the gateway of the language model keeps: its users with their tokens, and the journal of requests.

SQLAlchemy is imported by the parts that are opened, so a daemon without users and journal does not carry it.
"""
