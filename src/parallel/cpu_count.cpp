// parallel/cpu_count.cpp
#include "parallel/cpu_count.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include <sched.h>

namespace tamis {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNoQuota = std::numeric_limits<std::size_t>::max();

std::size_t affinity_cpus() {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  }
#endif
  return std::max(1U, std::thread::hardware_concurrency());
}

std::size_t cores(double quota, double period) {
  if (quota <= 0 || period <= 0) return kNoQuota;
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(quota / period)));
}

std::size_t quota_of(const fs::path& folder) {
  std::ifstream v2(folder / "cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period) return quota == "max" ? kNoQuota : cores(std::stod(quota), period);
  std::ifstream v1(folder / "cpu.cfs_quota_us");
  std::ifstream v1_period(folder / "cpu.cfs_period_us");
  double microseconds = 0;
  if (v1 >> microseconds && v1_period >> period) return cores(microseconds, period);
  return kNoQuota;
}

/// "0::/a/b" (v2) or "4:cpu,cpuacct:/a/b" (v1) in /proc/self/cgroup.
fs::path own_group() {
  std::ifstream lines("/proc/self/cgroup");
  std::string line;
  while (std::getline(lines, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty() || controllers.find("cpu") == 0) return line.substr(second + 1);
  }
  return "/";
}

}  // namespace

std::size_t cgroup_cpus(const fs::path& root, const fs::path& group) {
  std::size_t cpus = kNoQuota;
  fs::path below = group.relative_path();
  while (true) {
    cpus = std::min(cpus, quota_of(root / below));
    if (below.empty()) return cpus;
    below = below.parent_path();
  }
}

std::size_t usable_cpus() {
  const fs::path group = own_group();
  const std::size_t quota =
      std::min(cgroup_cpus("/sys/fs/cgroup", group), cgroup_cpus("/sys/fs/cgroup/cpu", group));
  return std::min(affinity_cpus(), quota);
}

}  // namespace tamis
