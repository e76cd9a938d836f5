// Any bytes as the answer of a database over HTTP.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "fuzz_input.hpp"
#include "store/http_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tamis::store::Fields;
  const std::string_view body = tamis::fuzz::as_text(data, size);
  for (const Fields& fields : {Fields{"", "text"}, Fields{"meta.id", "meta.text"}}) {
    for (const auto rows : {&tamis::store::search_engine_rows, &tamis::store::qdrant_rows}) {
      (void)tamis::fuzz::expect_value_or_error([&] {
        const auto read = [&](const nlohmann::json& answer) { return rows(fields, answer); };
        for (const auto& row : tamis::store::read_rows("a database", body, read, nullptr)) {
          if (!std::isfinite(row.score)) std::abort();
        }
      });
    }
  }
  return 0;
}
