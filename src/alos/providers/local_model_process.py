"""The process in which the local model runs; it imports nothing of ours and ends with its parent.

Arguments: the file with the weights, how many calls run at once, the context of each in tokens,
the port (0 for a free one).
"""

import sys

MODEL_NAME = "smollm2-135m-instruct"
LISTENING = "listening "
"""The one line that the parent waits for, followed by the base URL."""


def main(weights: str, parallel: int, context_tokens: int, port: int) -> None:
    """Serves on a port of loopback until standard input ends."""
    import xllamacpp  # noqa: PLC0415 - the parent reads this module's names without the package

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {MODEL_NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.ui = False
    params.n_parallel = parallel
    params.n_ctx = parallel * context_tokens
    # One thread: two beside busy processes wait for each other and fall to a few tokens a second.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{LISTENING}{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
