# SPDX-License-Identifier: Apache-2.0
"""How a peer in Python answers: its first line says who it is; then, a line each, `run I` does question I, leaves what came of
it in the shared memory and answers `ok`; `time FIRST N` does N questions from FIRST on, going round, and answers with the time
of each in nanoseconds, as it measures them itself.
"""
import sys
import time


def serve(who, n_questions, ask, leave, before=lambda: None):
    """ask(i): its result; leave(result): into the shared memory; before(): in no time that is told."""
    print(who, flush=True)
    for line in sys.stdin:
        word, *numbers = line.split()
        numbers = [int(i) for i in numbers]
        if word == "run":
            leave(ask(numbers[0]))
            print("ok", flush=True)
        elif word == "time":
            first, count = numbers
            times = []
            for i in range(first, first + count):
                before()
                start = time.perf_counter_ns()
                result = ask(i % n_questions)
                times.append(time.perf_counter_ns() - start)
                del result
            print(*times, flush=True)
