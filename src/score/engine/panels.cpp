// score/engine/panels.cpp
#include "score/engine/panels.hpp"

#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace tamis::engine {
namespace {

using Memory = std::shared_ptr<std::byte[]>;

constexpr std::align_val_t kLine{64};
constexpr std::size_t kHugePage = std::size_t{2} << 20U;

Memory allocated(std::size_t bytes) {
  return {static_cast<std::byte*>(::operator new(bytes, kLine)),
          [](std::byte* memory) { ::operator delete(memory, kLine); }};
}

/// Not from the heap, which may keep what is released. Pages that nobody touches cost nothing.
Memory mapped(std::size_t bytes) {
  const std::size_t size = bytes + kHugePage;
  void* const address =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  const Memory all(static_cast<std::byte*>(address),
                   [size](std::byte* memory) { ::munmap(memory, size); });
  std::byte* const first =
      all.get() + (kHugePage - reinterpret_cast<std::uintptr_t>(address) % kHugePage);
#ifdef MADV_HUGEPAGE
  // Advice only: where it is refused the pages are small.
  const std::size_t whole = bytes / kHugePage * kHugePage;
  (void)::madvise(first, whole, MADV_HUGEPAGE);
  (void)::madvise(first + whole, bytes - whole, MADV_NOHUGEPAGE);
#endif
  return {all, first};
}

}  // namespace

Panels::Panels(std::size_t bytes) : memory_(bytes < kHugePage ? allocated(bytes) : mapped(bytes)) {}

Panels Panels::from(std::size_t bytes) const {
  Panels rest;
  rest.memory_ = Memory(memory_, memory_.get() + bytes);
  return rest;
}

}  // namespace tamis::engine
