// late_interaction/torch/device_maxsim.cpp: documents go to the device in pieces; a piece is one
// product with the query, and its greatest are taken by document.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <c10/core/DispatchKeySet.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <tamis/error.hpp>
#include <tamis/late_interaction/device_maxsim.hpp>

#include "late_interaction/token_vectors.hpp"
#include "late_interaction/torch/borrowed.hpp"
#include "score/torch/device.hpp"
#include "score/torch/guard.hpp"

namespace tamis {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

/// The caller's thread may have asked torch for lower precision.
struct PlainFp32 {
  c10::InferenceMode inference;
  at::NoTF32Guard no_tf32;
  c10::impl::ExcludeDispatchKeyGuard no_autocast{c10::autocast_dispatch_keyset};
};

using View = at::Tensor (*)(const DeviceVectors&, at::Device);

class Comparison {
 public:
  Comparison(const DeviceVectors& query, std::span<const DeviceVectors> documents,
             const DeviceMaxSimOptions& options)
      : options_(options), documents_(documents), device_(parse_device(options.device)) {
    guard("cannot move the query to " + device_.str(), [&] { read(query); });
    // fp32 elements of a piece and its products: little beside a GPU's memory, much beside a cache.
    const std::size_t elements = std::size_t{1} << (device_.is_cpu() ? 20U : 26U);
    const auto per_row = static_cast<std::size_t>(query_.size(0) + query_.size(1));
    max_rows_ =
        options.max_rows != 0 ? options.max_rows : std::max<std::size_t>(elements / per_row, 1);
  }

  [[nodiscard]] std::vector<float> run() const {
    std::vector<float> scores(documents_.size());
    for (std::size_t begin = 0; begin < documents_.size();) {
      if (options_.cancel && options_.cancel->cancelled()) throw Cancelled("maxsim was cancelled");
      if (options_.progress) options_.progress(begin, documents_.size());
      const std::size_t end = end_of_piece(begin);
      compare(begin, end, scores.data() + begin);
      begin = end;
    }
    return scores;
  }

 private:
  void read(const DeviceVectors& query) {
    const PlainFp32 plain;
    query_ = to_device(borrowed::rows(query, device_)).to(at::kFloat);
    query_ = query_ * to_device(borrowed::scales(query, device_)).unsqueeze(1);
    const at::Tensor kept = to_device(borrowed::mask(query, device_));
    const at::Tensor bad = at::isfinite(query_).all(1).logical_not().logical_and(kept);
    if (bad.any().item<bool>()) refuse_non_finite("the query", first_of(bad));
    query_ = query_.index_select(0, kept.nonzero().squeeze(1));
    if (query_.size(0) == 0) refuse_empty("the query");
  }

  [[nodiscard]] at::Tensor to_device(const at::Tensor& tensor) const { return tensor.to(device_); }

  static std::size_t first_of(const at::Tensor& flags) {
    return static_cast<std::size_t>(flags.nonzero()[0][0].item<std::int64_t>());
  }

  /// Documents in one kind of memory, of `max_rows_` at most or one alone.
  [[nodiscard]] std::size_t end_of_piece(std::size_t begin) const {
    std::size_t rows = documents_[begin].vectors.rows;
    std::size_t end = begin + 1;
    for (; end < documents_.size(); ++end) {
      rows += documents_[end].vectors.rows;
      if (rows > max_rows_ || documents_[end].on_device != documents_[begin].on_device) break;
    }
    return end;
  }

  void compare(std::size_t begin, std::size_t end, float* scores) const {
    try {
      guard(fmt::format("cannot compare documents {} to {} on {}", begin, end - 1, device_.str()),
            [&] { score(begin, end, scores); });
      return;
    } catch (const OutOfDeviceMemory&) {
      if (end - begin == 1) throw;
    }
    // Outside the handler, so that what the failed call held is free by now.
    const std::size_t middle = begin + (end - begin) / 2;
    compare(begin, middle, scores);
    compare(middle, end, scores + (middle - begin));
  }

  void score(std::size_t begin, std::size_t end, float* scores) const {
    const PlainFp32 plain;
    const std::span<const DeviceVectors> piece = documents_.subspan(begin, end - begin);
    // Unsafe: the lengths are right, and to check them would wait for the device.
    const at::Tensor best = at::segment_reduce(products(begin, end), "max", lengths(piece), {}, {},
                                               /*axis=*/0, /*unsafe=*/true);
    const at::Tensor sums = best.sum(1, false, at::kDouble).to(at::kFloat).to(at::kCPU);
    std::memcpy(scores, sums.const_data_ptr<float>(), piece.size() * sizeof(float));
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (!std::isfinite(scores[i])) refuse(begin + i);
    }
  }

  /// [rows, query's vectors], -infinity in rows that are masked.
  [[nodiscard]] at::Tensor products(std::size_t begin, std::size_t end) const {
    const std::vector<DeviceVectors> runs =
        borrowed::merged(documents_.subspan(begin, end - begin));
    const auto all = [&](View view) {
      std::vector<at::Tensor> parts;
      for (const DeviceVectors& run : runs) parts.push_back(view(run, device_));
      // Mixed types are promoted to one that holds all their values. They are widened where the
      // product is, so that they travel as they are.
      return to_device(parts.size() == 1 ? parts.front() : at::cat(parts));
    };
    const auto have = [&](auto member) {
      return std::any_of(runs.begin(), runs.end(),
                         [&](const DeviceVectors& run) { return !(run.vectors.*member).empty(); });
    };
    at::Tensor products = at::mm(all(borrowed::rows).to(at::kFloat), query_.t());
    if (have(&TokenVectors::scales)) products.mul_(all(borrowed::scales).unsqueeze(1));
    // NaN and infinity in a row show in its product with any vector: inf * 0 is NaN.
    at::Tensor bad = at::isfinite(products.select(1, 0)).logical_not();
    if (have(&TokenVectors::mask)) {
      const at::Tensor kept = all(borrowed::mask);
      bad.logical_and_(kept);
      products.masked_fill_(kept.logical_not().unsqueeze(1), kLowest);
    }
    if (bad.any().item<bool>()) refuse_row(begin, first_of(bad));
    return products;
  }

  [[nodiscard]] at::Tensor lengths(std::span<const DeviceVectors> piece) const {
    at::Tensor counts = at::empty({static_cast<std::int64_t>(piece.size())}, at::kLong);
    std::transform(piece.begin(), piece.end(), counts.data_ptr<std::int64_t>(),
                   [](const DeviceVectors& document) {
                     return static_cast<std::int64_t>(document.vectors.rows);
                   });
    return to_device(counts);
  }

  /// `row`: counted from the first of document `begin`.
  [[noreturn]] void refuse_row(std::size_t begin, std::size_t row) const {
    while (row >= documents_[begin].vectors.rows) row -= documents_[begin++].vectors.rows;
    refuse_non_finite(name_of(begin), row);
  }

  /// Its score is not finite.
  [[noreturn]] void refuse(std::size_t document) const {
    if (!borrowed::mask(documents_[document], device_).any().item<bool>()) {
      refuse_empty(name_of(document));
    }
    refuse_non_finite(name_of(document), 0);
  }

  const DeviceMaxSimOptions& options_;
  std::span<const DeviceVectors> documents_;
  at::Device device_;
  at::Tensor query_;  // [kept vectors, width], fp32, on the device
  std::size_t max_rows_ = 0;
};

void check(const DeviceVectors& given, std::size_t width, const std::string& what) {
  check_vectors(given.vectors, width, what);
  if (!given.on_device) check_mask(given.vectors, what);
}

}  // namespace

std::vector<float> device_maxsim(const DeviceVectors& query,
                                 std::span<const DeviceVectors> documents,
                                 const DeviceMaxSimOptions& options) {
  check(query, query.vectors.width, "the query");
  for (std::size_t i = 0; i < documents.size(); ++i) {
    check(documents[i], query.vectors.width, name_of(i));
  }
  return Comparison(query, documents, options).run();
}

}  // namespace tamis
