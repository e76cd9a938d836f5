// Any bytes as spiece.model.
#include <tamis/text/load_tokenizer.hpp>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  return tamis::fuzz::expect_value_or_error([&] {
    folder.write("spiece.model", tamis::fuzz::as_text(data, size));
    const auto tokenizer = tamis::load_tokenizer(folder.path());
    (void)tokenizer.tokenize("A na\xC3\xAFve <mask> test\xE2\x96\x81, 12 \xF0\x9F\x91\x8D\xFF",
                             true);
  });
}
