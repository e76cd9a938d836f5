#include "model/sha256.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/sha256_blocks.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

std::string hash(const std::string& text) { return tamis::sha256(std::as_bytes(std::span(text))); }

}  // namespace

TEST_CASE("the examples of FIPS 180-4") {
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file has the hash of its contents") {
  const TemporaryFolder folder;
  for (const std::size_t size : {0, 1, 55, 56, 63, 64, 65, 200}) {
    const std::string text(size, 'x');
    CHECK(tamis::sha256_of(folder.write("f", text)) == hash(text));
  }
}

#ifdef __x86_64__
TEST_CASE("a processor's own instructions take blocks in as the portable function does") {
  if (!tamis::detail::has_sha256_x86()) {
    WARN("this processor has no SHA instructions");
    return;
  }
  std::vector<std::byte> blocks(64 * 37);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<std::byte>(i * i % 251);
  tamis::detail::Sha256State expected{1, 2, 3, 4, 0xffffffff, 6, 7, 8}, found = expected;
  tamis::detail::add_sha256_blocks(expected, blocks);
  tamis::detail::add_sha256_blocks_x86(found, blocks);
  CHECK(found == expected);
}
#endif
