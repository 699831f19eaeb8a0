# SPDX-License-Identifier: Apache-2.0
"""A little of what 'dev soak' does for long (endure.py)."""

import os

import endure
from harness import options

SEED = int(os.environ.get("PORTD_SEED", "1"))


@options(timeout=600)
def test_random_operations(w):
    """Random operations and faults against the oracle; PORTD_SEED=N for
    others than those of every day."""
    print(endure.random_operations(w, SEED, 1000))


@options(timeout=600)
def test_random_kills(w):
    """SIGKILL while VMs come and go: nothing lost, nothing leaked, no frame
    of those that nobody touched."""
    print(endure.random_kills(w, SEED, 40))


@options(timeout=300)
def test_tap_recreated(w):
    """A TAP is deleted under its port again and again."""
    print(endure.recreate_tap(w, 20))


@options(timeout=300)
def test_cycles(w):
    """Open files and memory stay what they are."""
    print(endure.cycles(w, 25))


@options(timeout=300)
def test_writers(w):
    """Ten other writers of Bridge.ports and external_ids lose nothing."""
    print(endure.writers(w, SEED, 10))
