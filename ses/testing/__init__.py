"""Dialogue tests: a robot runs in memory, without network, services or the system's clock.

`reading` reads the files, `conversation` holds one talk (the terminal's `ses chat` too), `mocks` stand for the
services, `runner` plays a test, `coverage` tells what no test reached, `matcher` compares texts, `formatting` and `reports` show it.
"""
