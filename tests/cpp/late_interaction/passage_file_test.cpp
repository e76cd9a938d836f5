// Passages on disk: what was saved is read, what is damaged is refused.
#include <cstring>
#include <fstream>
#include <iterator>

#include <tamis/error.hpp>

#include "late_interaction/default_model.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using tamis::Passages;
using test::default_model;

namespace {

Passages some_passages() {
  const auto texts = test::random_texts(12, 21);
  return default_model().encode_passages(test::views(texts));
}

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Saved {
  Saved() {
    some_passages().save(folder.path() / "all"), bytes = contents_of(folder.path() / "all");
  }

  /// What the model says to these bytes in place of the saved ones.
  [[nodiscard]] std::string refusal(const std::string& changed, bool verify = true) const {
    const auto path = folder.write("changed", changed);
    return message_of<tamis::ModelError>(
        [&] { (void)default_model().open_passages(path, verify); });
  }

  TemporaryFolder folder;
  std::string bytes;
};

}  // namespace

TEST_CASE("saved passages score as they did", "[late_interaction]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "passages";
  const Passages passages = some_passages();
  passages.save(path);
  for (const bool verify : {true, false}) {
    const Passages opened = default_model().open_passages(path, verify);
    CHECK(opened.size() == passages.size());
    CHECK(opened.tokens() == passages.tokens());
    CHECK(opened.tokens_cut() == passages.tokens_cut());
    CHECK(default_model().score("treaty", opened).logits ==
          default_model().score("treaty", passages).logits);
    opened.save(path);  // over what it is mapped from
    CHECK(default_model().score("treaty", opened).logits.size() == passages.size());
  }
  Passages().save(folder.path() / "none");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
  CHECK_THROWS_AS(passages.save(folder.path() / "no" / "folder"), tamis::Error);
}

TEST_CASE("a file that was cut is refused", "[late_interaction]") {
  const Saved saved;
  CHECK(contains(saved.refusal("not passages"), "is no file of passages"));
  for (const std::size_t size : {std::size_t{40}, std::size_t{230}, saved.bytes.size() - 1}) {
    CHECK(contains(saved.refusal(saved.bytes.substr(0, size), false), "changed"));
  }
  CHECK(contains(saved.refusal(saved.bytes + "x", false), "was cut or damaged"));
}

TEST_CASE("every damaged byte is noticed", "[late_interaction]") {
  const Saved saved;
  const std::size_t step = saved.bytes.size() / 150;
  for (std::size_t i = 0; i < saved.bytes.size(); i += i < 400 ? 1 : step) {
    std::string changed = saved.bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    INFO("byte " << i);
    REQUIRE_FALSE(saved.refusal(changed).empty());
  }
}

TEST_CASE("sizes that overflow are refused", "[late_interaction]") {
  const Saved saved;
  for (const std::size_t field : {12U, 16U, 24U}) {  // width, passages, rows
    std::string changed = saved.bytes;
    std::memset(changed.data() + field, 0xff, field == 12U ? 4 : 8);
    CHECK(contains(saved.refusal(changed, false), "was cut or damaged"));
  }
}

TEST_CASE("passages of another model are refused", "[late_interaction]") {
  const Saved saved;
  const auto other = tamis::LateInteraction::load(TAMIS_DEFAULT_MODEL, {.passage_prefix = "p: "});
  CHECK_THROWS_AS(other.score("q", some_passages()), tamis::InvalidArgument);
  CHECK(contains(message_of<tamis::ModelError>(
                     [&] { (void)other.open_passages(saved.folder.path() / "all"); }),
                 "another model"));
}
