"""A thread that gets no more memory ends hadyn; one that makes a mistake does not."""

import subprocess
import sys

import pytest

THREAD = """
import threading
from hadyn.controller.memory import watch_threads

def fail():
    raise {failure}

watch_threads()
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print("goes on")
"""


def ended(failure):
    program = THREAD.format(failure=failure)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("failure", ["MemoryError", "MemoryError()", 'RuntimeError("can\'t start new thread")'])
def test_a_thread_that_gets_no_memory_ends_the_whole_process_with_a_sentence(failure):
    process = ended(failure)
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.startswith("hadyn: there is not enough memory for hadyn; HAProxy goes on. Give hadyn more")


@pytest.mark.parametrize("failure", ["ValueError", "RuntimeError('other')", "SystemExit"])
def test_a_thread_that_fails_otherwise_ends_alone(failure):
    process = ended(failure)
    assert (process.returncode, process.stdout) == (0, "goes on\n")
