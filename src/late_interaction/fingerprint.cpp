// late_interaction/fingerprint.cpp
#include "late_interaction/fingerprint.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/sha256.hpp"

namespace tamis {
namespace {

constexpr std::size_t kSample = 4096;

void append(std::string& to, std::span<const std::byte> bytes) {
  to.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// Its first bytes, and those in its middle.
void append_sample(std::string& to, std::span<const std::byte> bytes) {
  append(to, bytes.first(std::min(kSample, bytes.size())));
  const auto rest = bytes.subspan(bytes.size() / 2);
  append(to, rest.first(std::min(kSample, rest.size())));
}

}  // namespace

std::string fingerprint(const ModelSpec& spec, const WeightFile& weights,
                        const std::string& passage_prefix) {
  std::string text = fmt::format("{}\n{}\n", spec.config_json, passage_prefix);
  for (const std::string& name : weights.names()) {
    const TensorView& tensor = *weights.find(name);
    text += fmt::format("{} {} {}\n", name, name_of(tensor.dtype), fmt::join(tensor.shape, ","));
    append_sample(text, tensor.bytes);
  }
  return sha256(std::as_bytes(std::span(text)));
}

}  // namespace tamis
