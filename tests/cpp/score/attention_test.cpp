// Attention of one head on every instruction set, against double precision.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "score/engine/aligned.hpp"
#include "score/engine/kernels.hpp"
#include "support/catch.hpp"

using tamis::engine::Attention;
using tamis::engine::Kernels;
using tamis::engine::Product;

namespace tamis::engine {
const Kernels& kernels_amx_emulated();
}

namespace {

/// Calls check(kernels, product) for the products that attention is done in.
template <typename Check>
void each_product(Check check) {
  std::vector<const Kernels*> sets{&tamis::engine::kernels_amx_emulated()};
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    sets.push_back(&tamis::engine::kernels_for(*name));
  }
  for (const Kernels* kernels : sets) {
    for (const Product* product : {&kernels->fp32, &kernels->fp32_layers, &kernels->bf16}) {
      if (product->attend != nullptr) check(*kernels, *product);
    }
  }
}

bool rounds(const Product& product) { return std::string(product.arithmetic) == "bf16"; }

/// Of numbers that bf16 holds, so that only what attention itself rounds is rounded.
float short_of(float value) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & 0xffff0000U);
}

std::vector<float> floats(std::size_t count, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

std::vector<float> short_floats(std::size_t count, float spread, unsigned seed) {
  std::vector<float> values = floats(count, spread, seed);
  std::transform(values.begin(), values.end(), values.begin(), short_of);
  return values;
}

/// Beside numbers of any use, what is hardly one, and what is denormal.
std::vector<float> tiny_floats(std::size_t count, float spread, unsigned seed) {
  std::vector<float> values = floats(count, spread, seed);
  const float sizes[] = {1.0F, 1e-30F, 1.0F, 1e-34F, 3e-35F, 1.0F, 1e-37F, 1e-41F, 0.0F};
  for (std::size_t i = 0; i < count; ++i) values[i] *= sizes[(i * 7 + i / 5) % std::size(sizes)];
  return values;
}

/// Of numbers that bf16 holds; NaN behind them, as far as may be read.
std::vector<std::uint16_t> halves_of(const std::vector<float>& values) {
  std::vector<std::uint16_t> halves(values.size() + 16 * 128, std::uint16_t{0xffff});
  std::transform(values.begin(), values.end(), halves.begin(), [](float value) {
    return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  });
  return halves;
}

/// In scratch full of NaN: what nobody wrote must not count.
void attend(const Product& product, const Attention& of) {
  tamis::engine::Bytes scratch(product.attention_bytes(of));
  std::fill(scratch.begin(), scratch.end(), std::byte{0xff});
  product.attend(of, scratch.data());
}

/// Queries, keys and values that lie in rows longer than they are, and two segments.
struct Head {
  static constexpr std::size_t kGap = 5;

  std::size_t query_count, key_count, size;
  std::vector<float> queries, keys, values, context;
  std::vector<std::uint8_t> query_segments, key_segments;

  Head(std::size_t query_total, std::size_t key_total, std::size_t head_size,
       decltype(floats)* numbers = short_floats)
      : query_count(query_total),
        key_count(key_total),
        size(head_size),
        queries(numbers(query_total * stride(), 0.5F, 1)),
        keys(numbers(key_total * stride(), 1.0F, 2)),
        values(numbers(key_total * stride(), 1.0F, 3)),
        context(query_total * stride(), 7.0F),
        query_segments(query_total),
        key_segments(key_total) {
    for (std::size_t i = 0; i < query_total; ++i) query_segments[i] = i % 3 == 0 ? 0 : 1;
    for (std::size_t i = 0; i < key_total; ++i) key_segments[i] = i % 2 == 0 ? 0 : 1;
  }

  [[nodiscard]] std::size_t stride() const { return size + kGap; }

  /// Of `count` queries from the `first`.
  [[nodiscard]] Attention part(std::size_t first, std::size_t count, bool biased) {
    Attention of{.queries = {queries.data() + first * stride(), stride()},
                 .keys = {keys.data(), stride()},
                 .values = {values.data(), stride()},
                 .query_count = count,
                 .key_count = key_count,
                 .size = size,
                 .context = context.data() + first * stride(),
                 .context_stride = stride()};
    if (biased) {
      of.query_segments = query_segments.data() + first;
      of.key_segments = key_segments.data();
      of.segment_bias[0] = -2.0F;
      of.segment_bias[1] = 1.5F;
    }
    return of;
  }

  /// [size]
  [[nodiscard]] std::vector<double> expected(std::size_t query, bool biased) const {
    std::vector<double> logits(key_count);
    for (std::size_t key = 0; key < key_count; ++key) {
      for (std::size_t i = 0; i < size; ++i) {
        logits[key] += static_cast<double>(queries[query * stride() + i]) *
                       static_cast<double>(keys[key * stride() + i]);
      }
      if (biased && query_segments[query] != key_segments[key]) {
        logits[key] += query_segments[query] == 0 ? -2.0 : 1.5;
      }
    }
    const double top = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    std::vector<double> means(size);
    for (std::size_t key = 0; key < key_count; ++key) {
      const double power = std::exp2(logits[key] - top);
      sum += power;
      for (std::size_t i = 0; i < size; ++i) {
        means[i] += power * static_cast<double>(values[key * stride() + i]);
      }
    }
    for (double& mean : means) mean /= sum;
    return means;
  }
};

void check_head(const Kernels& kernels, const Product& product, Head& head, bool biased) {
  std::fill(head.context.begin(), head.context.end(), 7.0F);
  attend(product, head.part(0, head.query_count, biased));
  const double bound = rounds(product) ? 2e-2 : 1e-5;
  for (std::size_t query = 0; query < head.query_count; ++query) {
    const std::vector<double> expected = head.expected(query, biased);
    for (std::size_t i = 0; i < head.stride(); ++i) {
      const auto found = static_cast<double>(head.context[query * head.stride() + i]);
      const double wanted = i < head.size ? expected[i] : 7.0;
      if (!(std::abs(found - wanted) <= bound)) {
        FAIL(kernels.name << ' ' << product.precision << ": " << head.query_count << " x "
                          << head.key_count << " x " << head.size << " query " << query << " at "
                          << i << ": " << found << ", not " << wanted);
      }
    }
  }
}

/// Softmax in base 2 of x: one query finds x among the keys, and the values are the identity.
std::vector<float> softmax_by(const Product& product, const std::vector<float>& x) {
  const std::size_t n = x.size();
  std::vector<float> query(n), keys(n * n), identity(n * n), y(n);
  query[0] = 1;
  for (std::size_t i = 0; i < n; ++i) {
    keys[i * n] = x[i];
    identity[i * n + i] = 1;
  }
  attend(product, {.queries = {query.data(), n},
                   .keys = {keys.data(), n},
                   .values = {identity.data(), n},
                   .query_count = 1,
                   .key_count = n,
                   .size = n,
                   .context = y.data(),
                   .context_stride = n});
  return y;
}

}  // namespace

TEST_CASE("attention of any shape, with and without a bias between segments") {
  each_product([](const Kernels& kernels, const Product& product) {
    for (const std::size_t size : {1, 8, 26, 32, 40, 64, 100}) {
      for (const std::size_t queries : {1, 12, 16, 17, 33, 70}) {
        for (const std::size_t keys : {1, 2, 13, 64, 65, 96, 128, 129, 192, 300}) {
          Head head(queries, keys, size, rounds(product) ? short_floats : floats);
          for (const bool biased : {false, true}) check_head(kernels, product, head, biased);
        }
      }
    }
  });
}

TEST_CASE("numbers next to nothing leave their neighbours alone") {
  each_product([](const Kernels& kernels, const Product& product) {
    for (const std::size_t size : {32, 40, 64}) {
      for (const std::size_t keys : {70, 101, 200}) {
        Head head(40, keys, size, tiny_floats);
        check_head(kernels, product, head, false);
      }
    }
  });
}

TEST_CASE("logits that grow from block to block scale what came before") {
  each_product([](const Kernels& kernels, const Product& product) {
    for (const float step : {0.05F, 0.5F, 3.0F}) {
      Head head(20, 400, 32);
      for (std::size_t query = 0; query < 20; ++query) {
        std::fill_n(head.queries.begin() + static_cast<std::ptrdiff_t>(query * head.stride()), 32,
                    1.0F);
      }
      for (std::size_t key = 0; key < 400; ++key) {
        float* const row = head.keys.data() + key * head.stride();
        std::fill_n(row, 32, 0.0F);
        row[key % 32] = short_of(step * static_cast<float>(key));
      }
      check_head(kernels, product, head, false);
    }
  });
}

TEST_CASE("a query has the same bits alone and among others") {
  each_product([](const Kernels& kernels, const Product& product) {
    for (const std::size_t size : {32, 40, 100}) {
      for (const std::size_t keys : {1, 2, 41, 129, 150, 193}) {
        Head head(50, keys, size);
        attend(product, head.part(0, 50, true));
        std::vector<float> together(head.context.size(), 7.0F);
        together.swap(head.context);
        for (std::size_t query = 0; query < 50; ++query) attend(product, head.part(query, 1, true));
        INFO(kernels.name << ' ' << product.precision << ' ' << size << ' ' << keys);
        CHECK(head.context == together);
      }
    }
  });
}

TEST_CASE("rows of bf16 are as good as rows of floats") {
  each_product([](const Kernels& kernels, const Product& product) {
    if (!product.attends_halves) return;
    for (const std::size_t size : {32, 64, 96}) {
      for (const std::size_t keys : {1, 2, 41, 70, 150}) {
        Head head(50, keys, size);
        Attention of = head.part(0, 50, true);
        attend(product, of);
        std::vector<float> expected(head.context.size(), 7.0F);
        expected.swap(head.context);
        const std::vector<std::uint16_t> rows[] = {halves_of(head.queries), halves_of(head.keys),
                                                   halves_of(head.values)};
        of.context = head.context.data();
        of.queries.data = rows[0].data();
        of.keys.data = rows[1].data();
        of.values.data = rows[2].data();
        of.halves = true;
        attend(product, of);
        INFO(kernels.name << ' ' << product.precision << ' ' << size << ' ' << keys);
        CHECK(head.context == expected);
        std::vector<std::uint16_t> unknown = rows[1];
        unknown[(keys - 1) * head.stride()] = 0x7fc0;  // NaN
        of.keys.data = unknown.data();
        attend(product, of);
        CHECK(std::isnan(head.context[0]));
      }
    }
  });
}

TEST_CASE("what is not finite shows") {
  each_product([](const Kernels& kernels, const Product& product) {
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), 1e38F}) {
      for (const std::size_t key : {0, 1, 17, 150}) {
        Head head(3, key < 18 ? 18 : 160, 32);
        std::fill_n(head.keys.begin() + static_cast<std::ptrdiff_t>(key * head.stride()), 32,
                    value);
        std::fill_n(head.queries.begin(), 32, 1e10F);
        attend(product, head.part(0, 3, false));
        INFO(kernels.name << ' ' << product.precision << ' ' << value << " at key " << key);
        CHECK(std::isnan(head.context[0]));
      }
    }
  });
}

TEST_CASE("softmax in base 2") {
  each_product([](const Kernels& kernels, const Product& product) {
    const double rounding = rounds(product) ? 4e-3 : 0.0;
    for (const std::size_t n : {1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 70, 100, 128, 257}) {
      for (const float spread : {0.1F, 5.0F, 60.0F, 1e4F}) {
        const std::vector<float> x = short_floats(n, spread, 7);
        const std::vector<float> y = softmax_by(product, x);
        const auto top = static_cast<double>(*std::max_element(x.begin(), x.end()));
        double sum = 0;
        for (const float value : x) sum += std::exp2(static_cast<double>(value) - top);
        for (std::size_t i = 0; i < n; ++i) {
          const double argument = static_cast<double>(x[i]) - top;
          const double expected = std::exp2(argument) / sum;
          // An argument of size s is rounded by s * 2^-24 before it is exponentiated.
          const double bound = rounding + 1e-6 + std::abs(argument) * 6e-8;
          if (std::abs(static_cast<double>(y[i]) - expected) > bound * expected + 8e-31) {
            FAIL(kernels.name << ' ' << product.precision << " n " << n << " spread " << spread
                              << " at " << i << ": " << y[i] << ", not " << expected);
          }
        }
      }
    }
  });
}
