// model/json_field.cpp
#include "model/json_field.hpp"

namespace tamis {
namespace {

// No dimension of a real model comes near; beyond it products of dimensions could overflow.
constexpr std::size_t kLargest = std::size_t{1} << 31U;

}  // namespace

nlohmann::json parse_json_object(std::string_view text, std::string_view source) {
  return parse_object<ModelError>(text, source);
}

nlohmann::json read_json_file(const std::filesystem::path& path) {
  return parse_json_object(read_file<ModelError>(path), path.string());
}

std::string reason(const nlohmann::json::exception& error) {
  const std::string_view said = error.what();
  const std::size_t code = said.find("] ");
  return std::string(code == std::string_view::npos ? said : said.substr(code + 2));
}

std::size_t required_size(const nlohmann::json& object, const char* name, std::string_view source,
                          std::size_t least) {
  const auto found = object.find(name);
  if (found == object.end()) raise<ModelError>("{} has no field '{}'", source, name);
  if (!found->is_number_unsigned() || found->get<std::size_t>() < least ||
      found->get<std::size_t>() > kLargest) {
    raise<ModelError>("{}: field '{}' is {}, expected a whole number from {} to {}", source, name,
                      shown(*found), least, kLargest);
  }
  return found->get<std::size_t>();
}

}  // namespace tamis
