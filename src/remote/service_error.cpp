// remote/service_error.cpp: error statuses in words.
#include <algorithm>

#include <nlohmann/json.hpp>

#include <tamis/remote/rerank_api.hpp>
#include <tamis/text/utf8.hpp>

#include "remote/access.hpp"
#include "remote/answer_json.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kShown = 300;
constexpr std::size_t kRead = 65'536;

std::string shortened(std::string text) {
  if (text.size() <= kShown) return text;
  return std::string(cut_to(text, kShown)) + "...";
}

std::size_t longest(std::span<const std::string> texts) {
  std::size_t found = 0;
  for (const std::string& text : texts) found = std::max(found, text.size());
  return found;
}

/// As UTF-8, whatever bytes came, and in one line.
std::string readable(const std::string& text) {
  const std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  auto found = Json::parse(quoted).get<std::string>();
  for (char& c : found) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return found;
}

/// The first text that stands under a name that services use for it.
std::string found_in(const Json& value, int depth) {
  if (value.is_string()) return value.get<std::string>();
  if (depth == 0) return {};
  if (value.is_array() && !value.empty()) return found_in(value.front(), depth - 1);
  if (!value.is_object()) return {};
  for (const char* name : {"message", "detail", "error", "msg"}) {
    if (const auto member = value.find(name); member != value.end()) {
      if (std::string text = found_in(*member, depth - 1); !text.empty()) return text;
    }
  }
  return {};
}

bool may_pass(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

const char* advice(long status) {
  switch (status) {
    case 401:
    case 403:
      return " (is the API key right?)";
    case 404:
      return " (are base_url and the model, index or collection right?)";
    case 413:
      return " (a smaller max_documents sends less at once)";
    default:
      return "";
  }
}

}  // namespace

std::string service_message(std::string_view body, std::span<const std::string> secrets) {
  constexpr int kDepth = 4;
  const bool cut = body.size() > kRead;
  body = body.substr(0, kRead);
  const Json answer = remote::answer_json(body);
  std::string text = answer.is_discarded() ? std::string(body) : found_in(answer, kDepth);
  if (text.empty()) {  // what is escaped there is not recognised as a secret
    text = answer.is_discarded() ? std::string(body)
                                 : answer.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  // Before it is shortened: half a key is one too many, and so is one at the end of what was read.
  text = remote::without_secrets(std::move(text), secrets);
  if (cut) text.resize(text.size() - std::min(text.size(), longest(secrets)));
  return readable(shortened(std::move(text)));
}

std::optional<RemoteError> error_of(std::string_view service, const HttpResponse& response,
                                    std::span<const std::string> secrets) {
  if (response.status >= 200 && response.status < 300) return std::nullopt;
  if (!response.location.empty()) {
    return RemoteError(
        fmt::format("{} redirects to {}: name that as base_url if it is to have the key", service,
                    readable(shortened(remote::without_secrets(
                        remote::without_user(response.location), secrets)))),
        response.status, false);
  }
  return RemoteError(fmt::format("{} answers {}: {}{}", service, response.status,
                                 service_message(response.body, secrets), advice(response.status)),
                     response.status, may_pass(response.status), response.retry_after_ms);
}

}  // namespace tamis
