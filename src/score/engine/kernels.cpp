// score/engine/kernels.cpp: which instruction set runs.
#include "score/engine/kernels.hpp"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#ifdef TAMIS_X86
#include <cpuid.h>
#endif
#ifdef __linux__
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

#include <fmt/format.h>

#include <tamis/error.hpp>

namespace tamis::engine {

const Kernels& kernels_portable();
#ifdef TAMIS_X86
const Kernels& kernels_avx2();
const Kernels& kernels_avx2_vnni();
const Kernels& kernels_avx512();
const Kernels& kernels_avx512_vnni();
const Kernels& kernels_avx512_bf16();
const Kernels& kernels_amx();
#endif
#ifdef TAMIS_ARM64
const Kernels& kernels_neon();
const Kernels& kernels_neon_dot();
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
bool has_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni") != 0; }
bool has_bf16() { return has_vnni() && __builtin_cpu_supports("avx512bf16") != 0; }

/// The kernel keeps room for a process's tiles only when it is asked to.
bool may_use_tiles() {
#ifdef __linux__
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

/// Leaf 7 of cpuid: what compilers of today have no name for.
struct Leaf7 {
  unsigned a = 0, b = 0, c = 0, d = 0;
  bool found;
  explicit Leaf7(unsigned part) : found(__get_cpuid_count(7, part, &a, &b, &c, &d) != 0) {}
};

bool has_avx2_vnni() {
  const Leaf7 leaf(1);
  return has_avx2() && leaf.found && (leaf.a & 1U << 4U) != 0;
}

bool has_amx() {
  const Leaf7 leaf(0);
  constexpr unsigned kBf16TileInt8 = 1U << 22U | 1U << 24U | 1U << 25U;
  return has_bf16() && leaf.found && (leaf.d & kBf16TileInt8) == kBf16TileInt8 && may_use_tiles();
}

const auto& sets() {
  static const std::array all{Set{"amx", has_amx(), kernels_amx},
                              Set{"avx512_bf16", has_bf16(), kernels_avx512_bf16},
                              Set{"avx512_vnni", has_vnni(), kernels_avx512_vnni},
                              Set{"avx512", has_avx512(), kernels_avx512},
                              Set{"avx2_vnni", has_avx2_vnni(), kernels_avx2_vnni},
                              Set{"avx2", has_avx2(), kernels_avx2},
                              Set{"portable", true, kernels_portable}};
  return all;
}
#elif defined(TAMIS_ARM64)
bool has_dot_products() {
#if defined(__linux__)
  constexpr unsigned long kDotProducts = 1UL << 20U;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & kDotProducts) != 0;
#elif defined(__APPLE__)
  int found = 0;
  std::size_t size = sizeof(found);
  return sysctlbyname("hw.optional.arm.FEAT_DotProd", &found, &size, nullptr, 0) == 0 && found != 0;
#else
  return false;
#endif
}

const auto& sets() {
  static const std::array all{Set{"neon_dot", has_dot_products(), kernels_neon_dot},
                              Set{"neon", true, kernels_neon},
                              Set{"portable", true, kernels_portable}};
  return all;
}
#else
const auto& sets() {
  static const std::array all{Set{"portable", true, kernels_portable}};
  return all;
}
#endif

/// "portable, avx2, ...": of all sets, lowest first.
std::string names_of_sets() {
  std::string names;
  for (auto set = sets().rbegin(); set != sets().rend(); ++set) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", set->name);
  }
  return names;
}

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
  raise<InvalidArgument>("unknown instruction set '{}'; this build has {}", name, names_of_sets());
}

const char* const* supported_kernels() noexcept {
  static const auto names = [] {
    std::array<const char*, std::tuple_size_v<std::remove_cvref_t<decltype(sets())>> + 1> found{};
    std::size_t count = 0;
    for (const Set& set : sets()) {
      if (set.supported) found[count++] = set.name;
    }
    return found;
  }();
  return names.data();
}

const Product& Kernels::product(const std::string& precision) const {
  for (const Product* product : {&fp32, &bf16, &fp16, &int8}) {
    if (precision == product->precision) return *product;
  }
  raise<InvalidArgument>("the engine has no precision '{}'; it has fp32, bf16, fp16 and int8",
                         precision);
}

const Product& Kernels::layer_product(const std::string& precision, bool of_int8) const {
  const Product& named = product(precision);
  if (&named != &fp32) return named;
  return of_int8 ? fp32_of_int8 : fp32_layers;
}

std::vector<const Product*> Kernels::fastest_first() const {
  if (std::string_view(bf16.arithmetic) == fp32.arithmetic) return {&int8, &fp32};
  return {&int8, &bf16, &fp32};
}

const Product& Kernels::attention_product(const Product& linear) const {
  const bool exact = std::string_view(linear.arithmetic) == fp32.arithmetic;
  const bool slow = std::string_view(bf16.arithmetic) == fp32.arithmetic;
  return exact || slow ? fp32 : bf16;
}

const Kernels& kernels() {
  const char* forced = std::getenv("TAMIS_ISA");
  if (forced == nullptr || *forced == '\0') return best();
  return kernels_for(forced);
}

}  // namespace tamis::engine
