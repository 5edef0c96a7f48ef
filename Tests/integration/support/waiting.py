# SPDX-License-Identifier: Apache-2.0
"""Bounded polling: the only place of the tests that sleeps."""

import time


class WaitTimeout(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(condition, timeout, what, interval=0.02):
    """Calls `condition` until it answers something true and returns that.

    `what` completes the sentence "timed out waiting for …"; it may be a callable, asked only on failure.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise WaitTimeout(f"timed out after {timeout:g} s waiting for {what() if callable(what) else what}")
        time.sleep(interval)


def pause(seconds):
    """Lets `seconds` pass where the passing of time is itself the fault (a lease or a session that must run out)."""
    time.sleep(seconds)
