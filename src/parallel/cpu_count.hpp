// parallel/cpu_count.hpp: the cores this process may use.
#pragma once

#include <cstddef>
#include <filesystem>

namespace tamis {

/// The smaller of the affinity mask and the cgroup's CPU quota; at least 1.
[[nodiscard]] std::size_t usable_cpus();

/// Cores granted by the quota of a cgroup (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), rounded up.
/// `root`: where the controllers are mounted; `group`: the process's cgroup below it, whose
/// parents' quotas bind too. No quota: a very large number.
[[nodiscard]] std::size_t cgroup_cpus(const std::filesystem::path& root,
                                      const std::filesystem::path& group);

}  // namespace tamis
