// must not compile: static assertion failed|static_assert failed
#include <string_view>

#include <tamis/text/tokenizer.hpp>

struct Words {
  tamis::Tokens tokenize(std::string_view, bool) const { return {}; }
  tamis::PairTemplate pair_template() const { return {}; }
#ifdef CONTROL
  std::size_t max_length() const { return tamis::kNoLimit; }
#endif
  std::size_t vocab_size() const { return 1; }
  tamis::TokenId pad_id() const { return 0; }
};
static_assert(tamis::Tokenizer<Words>);
