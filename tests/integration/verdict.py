"""How a test says what it found: a sentence for each thing that is checked, and at the end its exit code."""
SKIP = 77
failures = []


def check(condition, sentence, detail=None):
    print(("ok      " if condition else "FAILED  ") + sentence, flush=True)
    if not condition:
        failures.append(sentence)
        if detail is not None:
            print("        %s" % (detail,), flush=True)


def conclude():
    """The exit code of the test."""
    print("%d failed" % len(failures))
    return 1 if failures else 0
