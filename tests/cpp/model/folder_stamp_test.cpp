#include "model/folder_stamp.hpp"

#include <chrono>
#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using tamis::folder_stamp;

TEST_CASE("a folder's stamp changes with its files and with nothing else") {
  const TemporaryFolder folder;
  const auto weights = folder.write("weights", "1234");
  std::string before = folder_stamp(folder.path());
  CHECK(folder_stamp(folder.path()) == before);
  CHECK(folder_stamp(folder.path() / ".") == before);

  const auto changes = [&] {
    const std::string now = folder_stamp(folder.path());
    const bool changed = now != before;
    before = now;
    return changed;
  };
  fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::milliseconds(1));
  CHECK(changes());
  folder.write("more", "");
  CHECK(changes());
  fs::create_directory(folder.path() / "tokenizer");
  CHECK_FALSE(changes());
  folder.write("tokenizer/vocab.txt", "a");
  CHECK(changes());
  fs::remove(weights);
  CHECK(changes());
  fs::create_symlink(folder.path() / "more", folder.path() / "link");
  CHECK(changes());
}

TEST_CASE("a folder that is not there is named by its path") {
  CHECK(folder_stamp("no/such/folder") == "no/such/folder");
}
