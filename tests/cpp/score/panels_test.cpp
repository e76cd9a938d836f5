// Memory of packed weights: where it begins, who keeps it, when it goes.
#include "score/engine/panels.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <tamis/model/bundle.hpp>

#include "score/engine/encoder_weights.hpp"
#include "score/random_model.hpp"
#include "support/catch.hpp"

using tamis::engine::Linear;
using tamis::engine::packed_bytes;
using tamis::engine::Panels;

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

std::size_t misplaced(const Panels& panels, std::size_t unit) {
  return reinterpret_cast<std::uintptr_t>(panels.data()) % unit;
}

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

/// Bytes of [from, from + bytes) that are in memory; `from` begins a page.
std::size_t resident(std::byte* from, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / page_size());
  REQUIRE(::mincore(from, bytes, pages.data()) == 0);
  const auto is_there = [](unsigned char page) { return (page & 1U) != 0; };
  return static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), is_there)) *
         page_size();
}

bool is_mapped(std::byte* page) {
  unsigned char there = 0;
  return ::mincore(page, page_size(), &there) == 0;
}

std::size_t bytes_of(const Linear& linear) {
  return packed_bytes(*linear.product, linear.outputs, linear.inputs);
}

}  // namespace

TEST_CASE("panels begin on a cache line, large ones on a huge page") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, std::size_t{5000},
                                  kHugePage - 1, kHugePage, kHugePage + 1, 5 * kHugePage}) {
    const Panels panels(bytes);
    CHECK(misplaced(panels, bytes < kHugePage ? 64 : kHugePage) == 0);
    std::memset(panels.data(), 1, bytes);
    CHECK(panels.data()[bytes - 1] == std::byte{1});
  }
}

TEST_CASE("large panels take the memory that is written, and no huge page for the rest") {
  const std::size_t bytes = 3 * kHugePage + 5000;
  const Panels panels(bytes);
  CHECK(resident(panels.data(), 4 * kHugePage) == 0);
  std::memset(panels.data(), 1, 1);
  CHECK(resident(panels.data(), 4 * kHugePage) <= kHugePage);
  std::memset(panels.data(), 1, bytes);
  const std::size_t whole_pages = (bytes + page_size() - 1) / page_size() * page_size();
  CHECK(resident(panels.data(), 4 * kHugePage) == whole_pages);
}

TEST_CASE("a part keeps the whole, and the last one releases it") {
  for (const std::size_t bytes : {std::size_t{6400}, 2 * kHugePage}) {
    Panels part;
    {
      const Panels all(bytes);
      std::memset(all.data(), 7, bytes);
      part = all.from(64).from(bytes - 128);
      CHECK(part.data() == all.data() + bytes - 64);
    }
    CHECK(part.data()[63] == std::byte{7});
    if (bytes < kHugePage) continue;
    std::byte* const first = part.data() - (bytes - 64);
    CHECK(is_mapped(first));
    part = Panels();
    CHECK_FALSE(is_mapped(first));
  }
}

TEST_CASE("the layers of an encoder lie in one piece, one matrix after another") {
  const TemporaryFolder folder;
  test::RandomModel("bert").write(folder);
  const tamis::ModelSpec spec = tamis::load_model_spec(folder.path());
  for (const char* precision : {"fp32", "bf16", "fp16", "int8"}) {
    const auto weights = tamis::engine::load_encoder(spec, tamis::open_weights(spec),
                                                     tamis::engine::kernels(), precision);
    const std::byte* next = weights.layers.front().query.panels.data();
    for (const auto& layer : weights.layers) {
      std::vector<const Linear*> linears{&layer.query};
      if (layer.key_value.outputs != 0) linears.push_back(&layer.key_value);
      for (const Linear& key : layer.first_token.keys) linears.push_back(&key);
      for (const Linear& value : layer.first_token.values) linears.push_back(&value);
      linears.insert(linears.end(), {&layer.attention_output, &layer.inner, &layer.outer});
      for (const Linear* linear : linears) {
        CHECK(linear->panels.data() == next);
        next += bytes_of(*linear);
      }
    }
  }
}
