// Any bytes as a bundle's tamis.json.
#include <tamis/model/bundle.hpp>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  return tamis::fuzz::expect_value_or_error([&] {
    folder.write("tamis.json", tamis::fuzz::as_text(data, size));
    (void)tamis::load_model_spec(folder.path());
  });
}
