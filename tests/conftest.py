"""What holds for every test, however the run was started."""

import signal

# A shell lets what it starts in the background ignore interruptions, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
