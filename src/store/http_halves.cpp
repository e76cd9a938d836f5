// store/http_halves.cpp
#include "store/http_halves.hpp"

#include <utility>

#include <fmt/format.h>

#include <tamis/error.hpp>

namespace tamis::store {
namespace {

using Json = nlohmann::json;
using Rows = std::vector<StoreRow>;

HttpRequest request(const HttpDatabase& database, const Json& body) {
  return {.url = database.url,
          .headers = database.headers,
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

StoreAnswer ask(const HttpDatabase& database, const StoreQuestion& question) {
  std::vector<remote::Ask<Rows>> asks;
  if (!question.text.empty()) {
    asks.push_back({[&] { return request(database, database.text_body(question)); }});
  }
  if (!question.vector.empty()) {
    asks.push_back({[&] { return request(database, database.dense_body(question)); }});
  }
  remote::ask_all(database.client, asks, database.terms, question.deadline, question.cancel,
                  [&](const std::string& body, std::size_t) {
                    return read_rows(database.terms.service, body, database.rows,
                                     &question.deadline);
                  });
  for (const auto& one : asks) {
    if (!one.answer) throw *one.error;
  }
  StoreAnswer found;
  if (!question.text.empty()) found.text = std::move(*asks.front().answer);
  if (!question.vector.empty()) found.dense = std::move(*asks.back().answer);
  return found;
}

std::string path_part(std::string_view name, std::string_view what) {
  if (name.empty()) raise<InvalidArgument>("{} is empty: name it", what);
  std::string part;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '*' || c == ',';
    if (plain) {
      part += c;
    } else {
      part += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return part;
}

}  // namespace tamis::store
