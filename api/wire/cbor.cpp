#include "api/wire/cbor.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

constexpr int deepest = 16;

/// Additional information of an initial byte, where it is not a number itself (RFC 8949 3).
constexpr unsigned one_byte = 24, eight_bytes = 27, indefinite = 31;
/// Simple values (3.3).
constexpr unsigned simple_false = 20, simple_true = 21, simple_null = 22, simple_undefined = 23;
constexpr unsigned half_float = 25, single_float = 26, double_float = 27;
constexpr unsigned major_bytes = 2, major_text = 3, major_array = 4, major_map = 5, major_tag = 6,
                   major_simple = 7;
constexpr unsigned break_byte = 0xFF;

double half(std::uint64_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 0x1F);
  const auto mantissa = static_cast<double>(bits & 0x3FF);
  double value = std::numeric_limits<double>::infinity();
  if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else if (exponent != 31)
    value = std::ldexp(mantissa + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -value : value;
}

/// Reads one item; the first thing that is wrong ends it.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] Parsed<json> whole() {
    json document;
    if (!item(document, 0)) return *fault_;
    if (at_ != bytes_.size()) {
      (void)wrong("Something follows the data item");
      return *fault_;
    }
    return Parsed<json>(boost::system::in_place_value, std::move(document));
  }

 private:
  struct Head {
    unsigned major = 0;
    unsigned info = 0;
    std::uint64_t value = 0;
  };

  bool fail(ErrorCode code, std::string detail) {
    if (!fault_) fault_ = Fault{code, std::move(detail), {}};
    return false;
  }
  bool wrong(const std::string& what) {
    return fail(ErrorCode::invalid_cbor, what + ", at byte " + std::to_string(at_) + ".");
  }

  bool head(Head& head) {
    if (at_ == bytes_.size()) return wrong("The message ends within a data item");
    const auto initial = static_cast<unsigned char>(bytes_[at_++]);
    head.major = initial >> 5;
    head.info = initial & 31;
    head.value = head.info;
    if (head.info < one_byte || head.info == indefinite) return true;
    if (head.info > eight_bytes) return wrong("There is an initial byte that CBOR does not have");
    const std::size_t length = std::size_t{1} << (head.info - one_byte);
    if (bytes_.size() - at_ < length) return wrong("The message ends within a data item");
    head.value = 0;
    for (std::size_t i = 0; i < length; ++i)
      head.value = head.value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return true;
  }

  bool item(json& into, int depth) {
    Head head;
    do {
      if (!this->head(head)) return false;
    } while (head.major == major_tag && head.info != indefinite);
    const bool may_be_indefinite = head.major == major_array || head.major == major_map;
    if (head.info == indefinite && !may_be_indefinite)
      return wrong("Only arrays and maps may be of indefinite length here");
    switch (head.major) {
      case major_bytes:
        return wrong("Byte strings mean nothing here");
      case major_text:
        return text(head, into);
      case major_array:
        return array(head, into, depth);
      case major_map:
        return map(head, into, depth);
      case major_simple:
        return simple(head, into);
      default:
        return integer(head, into);
    }
  }

  bool integer(const Head& head, json& into) {
    if (head.major == 0) {
      into = head.value;
      return true;
    }
    if (head.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return wrong("A number is out of range");
    into = -1 - static_cast<std::int64_t>(head.value);
    return true;
  }

  bool text(const Head& head, json& into) {
    if (bytes_.size() - at_ < head.value) return wrong("The message ends within a data item");
    const auto text = bytes_.substr(at_, static_cast<std::size_t>(head.value));
    if (!is_utf8(text)) return fail(ErrorCode::invalid_utf8, "A text string is not UTF-8.");
    at_ += text.size();
    into = text;
    return true;
  }

  bool simple(const Head& head, json& into) {
    switch (head.info) {
      case simple_false:
      case simple_true:
        into = head.info == simple_true;
        return true;
      case simple_null:
      case simple_undefined:
        into = nullptr;
        return true;
      case half_float:
        return number(half(head.value), into);
      case single_float:
        return number(std::bit_cast<float>(static_cast<std::uint32_t>(head.value)), into);
      case double_float:
        return number(std::bit_cast<double>(head.value), into);
      default:
        return wrong("There is a simple value that means nothing here");
    }
  }

  bool number(double value, json& into) {
    if (!std::isfinite(value)) return wrong("A number is not finite");
    into = value;
    return true;
  }

  /// Whether another element comes: there is one left, or the break has not come.
  bool has_more(const Head& head, std::uint64_t seen) {
    if (head.info != indefinite) return seen < head.value;
    if (at_ < bytes_.size() && static_cast<unsigned char>(bytes_[at_]) == break_byte) {
      ++at_;
      return false;
    }
    return true;
  }

  bool array(const Head& head, json& into, int depth) {
    if (depth == deepest) return wrong("It is nested deeper than 16 levels");
    into = json::array();
    for (std::uint64_t seen = 0; has_more(head, seen); ++seen) {
      json element;
      if (!item(element, depth + 1)) return false;
      into.push_back(std::move(element));
    }
    return true;
  }

  bool map(const Head& head, json& into, int depth) {
    if (depth == deepest) return wrong("It is nested deeper than 16 levels");
    into = json::object();
    for (std::uint64_t seen = 0; has_more(head, seen); ++seen) {
      json key;
      json value;
      if (!item(key, depth + 1)) return false;
      if (!key.is_string()) return wrong("A key of a map is not a text string");
      const auto& name = key.get_ref<const std::string&>();
      if (into.contains(name))
        return fail(ErrorCode::duplicate_member, "The member \"" + name + "\" is given twice.");
      if (!item(value, depth + 1)) return false;
      into[name] = std::move(value);
    }
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::optional<Fault> fault_;
};

}  // namespace

Parsed<json> parse_cbor(std::string_view bytes) {
  return CborReader(bytes).whole();
}

std::string cbor_of_json(std::string_view text) {
  std::string bytes;
  nlohmann::ordered_json::to_cbor(nlohmann::ordered_json::parse(text), bytes);
  return bytes;
}

std::size_t cbor_head_size(std::uint64_t value) {
  if (value < one_byte) return 1;
  if (value <= 0xFF) return 2;
  if (value <= 0xFFFF) return 3;
  return value <= 0xFFFF'FFFF ? 5 : 9;
}

void append_cbor_head(std::string& out, CborType type, std::uint64_t value) {
  const auto major = static_cast<unsigned>(type) << 5;
  const std::size_t size = cbor_head_size(value);
  if (size == 1) {
    out += static_cast<char>(major | value);
    return;
  }
  const auto width = static_cast<unsigned>(std::countr_zero(size - 1));
  out += static_cast<char>(major | (one_byte + width));
  for (std::size_t byte = size - 1; byte-- > 0;) out += static_cast<char>(value >> (8 * byte));
}

void append_cbor_integer(std::string& out, std::int64_t value) {
  if (value >= 0)
    append_cbor_head(out, CborType::positive, static_cast<std::uint64_t>(value));
  else
    append_cbor_head(out, CborType::negative, static_cast<std::uint64_t>(-(value + 1)));
}

void append_cbor_text(std::string& out, std::string_view text) {
  append_cbor_head(out, CborType::text, text.size());
  out += text;
}

}  // namespace psmove::wire
