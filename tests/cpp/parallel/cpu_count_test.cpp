#include "parallel/cpu_count.hpp"

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

constexpr std::size_t kMany = 1000000;

}  // namespace

TEST_CASE("a version 2 quota is rounded up") {
  const TemporaryFolder root;
  root.write("app/cpu.max", "250000 100000\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/app") == 3);
  root.write("app/cpu.max", "50000 100000\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/app") == 1);
  root.write("app/cpu.max", "max 100000\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/app") > kMany);
}

TEST_CASE("a parent's quota binds too") {
  const TemporaryFolder root;
  root.write("cpu.max", "max 100000\n");
  root.write("a/cpu.max", "200000 100000\n");
  root.write("a/b/cpu.max", "800000 100000\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/a/b") == 2);
}

TEST_CASE("a version 1 quota") {
  const TemporaryFolder root;
  root.write("x/cpu.cfs_quota_us", "400000\n");
  root.write("x/cpu.cfs_period_us", "100000\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/x") == 4);
  root.write("x/cpu.cfs_quota_us", "-1\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/x") > kMany);
}

TEST_CASE("files that make no sense are no quota") {
  const TemporaryFolder root;
  root.write("x/cpu.max", "many many\n");
  CHECK(tamis::cgroup_cpus(root.path(), "/x") > kMany);
  CHECK(tamis::cgroup_cpus(root.path() / "absent", "/") > kMany);
}

TEST_CASE("this process has at least one") { CHECK(tamis::usable_cpus() >= 1); }
