// bindings/signals.hpp: Ctrl-C while native work goes on. The GIL is taken in the thread that gets
// signals, and in others the first time that they ask, never again: who forks may hold it while
// such a thread is waited for.
#pragma once

#include <cstddef>
#include <functional>

#include <pybind11/pybind11.h>

/// Throws for Ctrl-C and the like, as Interrupted.
void check_signals();

/// Called every now and then in the calling thread: throws Ctrl-C as it is, then calls `progress`,
/// unless it is None.
std::function<void(std::size_t, std::size_t)> watcher(const pybind11::object& progress);
