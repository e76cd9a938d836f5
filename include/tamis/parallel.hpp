// tamis/parallel.hpp: how many threads this process scores with.
#pragma once

#include <cstddef>

namespace tamis {

/// What was set, else TAMIS_NUM_THREADS, else the cores this process may use: the smaller of its
/// affinity mask and its cgroup's CPU quota (rounded up), and of what `follow_num_threads` said. At
/// least 1.
[[nodiscard]] std::size_t num_threads();

/// For all models of the process, from the next call on. Throws InvalidArgument unless it is 1 to
/// 4096.
void set_num_threads(std::size_t count);

/// How many threads another library in this process was told to use (Python's binding passes
/// torch's number); bounds ours where nobody chose it. 0: nothing is known.
void follow_num_threads(std::size_t count) noexcept;

}  // namespace tamis
