"""The language model: one contract, an engine inside the daemon (vLLM) and one over other servers."""
