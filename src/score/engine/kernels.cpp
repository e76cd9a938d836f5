// score/engine/kernels.cpp: which instruction set runs.
#include "score/engine/kernels.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include <tamis/error.hpp>

namespace tamis::engine {

const Kernels& kernels_portable();
#ifdef TAMIS_X86
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();
#endif

namespace {

struct Set {
  const char* name;
  bool supported;
  const Kernels& (*get)();
};

#ifdef TAMIS_X86
bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}
bool has_avx512() {
  __builtin_cpu_init();
  return has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0;
}
const std::array<Set, 3>& sets() {
  static const std::array<Set, 3> all{Set{"avx512", has_avx512(), kernels_avx512},
                                      Set{"avx2", has_avx2(), kernels_avx2},
                                      Set{"portable", true, kernels_portable}};
  return all;
}
#else
const std::array<Set, 1>& sets() {
  static const std::array<Set, 1> all{Set{"portable", true, kernels_portable}};
  return all;
}
#endif

const Kernels& best() {
  for (const Set& set : sets()) {
    if (set.supported) return set.get();
  }
  return kernels_portable();
}

}  // namespace

const Kernels& kernels_for(const std::string& name) {
  for (const Set& set : sets()) {
    if (name != set.name) continue;
    if (!set.supported) raise<InvalidArgument>("this processor has no {}", name);
    return set.get();
  }
  raise<InvalidArgument>("unknown instruction set '{}'; use portable, avx2 or avx512", name);
}

const char* const* supported_kernels() noexcept {
  static const auto names = [] {
    std::array<const char*, 4> found{};
    std::size_t count = 0;
    for (const Set& set : sets()) {
      if (set.supported) found[count++] = set.name;
    }
    return found;
  }();
  return names.data();
}

const Kernels& kernels() {
  const char* forced = std::getenv("TAMIS_ISA");
  if (forced == nullptr || *forced == '\0') return best();
  return kernels_for(forced);
}

}  // namespace tamis::engine
