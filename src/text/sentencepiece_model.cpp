// text/sentencepiece_model.cpp: a reader of the few fields that are needed; the format is
// sentencepiece_model.proto, in protocol buffers' wire encoding.
#include "text/sentencepiece_model.hpp"

#include <bit>
#include <cstdint>

#include <tamis/error.hpp>

namespace tamis {
namespace {

/// One message, field by field.
class ProtoReader {
 public:
  ProtoReader(std::string_view bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;   // of a varint or a fixed-size field
    std::string_view bytes{};  // of a length-delimited field
  };

  bool next(Field& field) {
    if (bytes_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {.number = tag >> 3U};
    switch (tag & 7U) {
      case 0:
        field.value = varint();
        return true;
      case 1:
        field.value = fixed(8);
        return true;
      case 2:
        field.bytes = take(varint());
        return true;
      case 5:
        field.value = fixed(4);
        return true;
      default:
        broken();
    }
  }

 private:
  [[noreturn]] void broken() const {
    raise<TokenizerError>("{} is no sentencepiece model, or is truncated; fetch it again", source_);
  }

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) broken();
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::uint64_t fixed(unsigned size) {
    std::uint64_t value = 0;
    const std::string_view taken = take(size);
    for (unsigned i = 0; i < size; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(taken[i])) << (8U * i);
    }
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    broken();
  }

  std::string_view bytes_;
  std::string_view source_;
};

void read_piece(SentencepieceModel& model, std::string_view bytes, std::string_view source) {
  constexpr std::uint64_t kControl = 3;
  constexpr std::uint64_t kUserDefined = 4;
  std::pair<std::string, double> piece;
  std::uint64_t type = 1;
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field field; reader.next(field);) {
    if (field.number == 1) piece.first = field.bytes;
    if (field.number == 2) {
      piece.second = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
    }
    if (field.number == 3) type = field.value;
  }
  if (type == kControl || type == kUserDefined) model.special.push_back(piece.first);
  model.pieces.push_back(std::move(piece));
}

void read_trainer(SentencepieceModel& model, std::string_view bytes, std::string_view source) {
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field field; reader.next(field);) {
    if (field.number == 3) model.kind = static_cast<SentencepieceModel::Kind>(field.value);
    if (field.number == 35) model.byte_fallback = field.value != 0;
    if (field.number == 40) model.unknown = static_cast<int>(field.value);
  }
}

}  // namespace

SentencepieceModel read_sentencepiece_model(std::string_view bytes, std::string_view source) {
  SentencepieceModel model;
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field field; reader.next(field);) {
    if (field.number == 1) read_piece(model, field.bytes, source);
    if (field.number == 2) read_trainer(model, field.bytes, source);
    if (field.number != 3) continue;
    ProtoReader normalizer(field.bytes, source);
    for (ProtoReader::Field part; normalizer.next(part);) {
      if (part.number == 2) model.charsmap = part.bytes;
    }
  }
  if (model.pieces.empty() || model.unknown < 0 ||
      static_cast<std::size_t>(model.unknown) >= model.pieces.size()) {
    raise<TokenizerError>("{} is no sentencepiece model: it has {} pieces, the unknown one is {}",
                          source, model.pieces.size(), model.unknown);
  }
  return model;
}

}  // namespace tamis
