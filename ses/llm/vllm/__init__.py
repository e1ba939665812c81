"""vLLM inside the daemon: the only folder that imports it (its modules move between releases; made for 0.32).

vLLM's own OpenAI serving classes do the work: chat template, tool parsers, structured output, log-probabilities, usage. The model
computes in a process of vLLM's own (the engine core); here its answers are put together, on the daemon's loop.
"""
