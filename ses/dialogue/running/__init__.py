"""Running flows: the interpreter, calls to other systems, errors, starting a flow."""
