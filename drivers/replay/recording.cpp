// Reads and writes captures line by line; nothing in a file is trusted.

#include "drivers/replay/recording.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <limits>
#include <optional>

#include "types/text.hpp"

namespace psmove::drivers {
namespace {

constexpr std::string_view feature_mark = "psmoved feature ";
constexpr std::size_t most_reports = 16'000'000;
constexpr std::size_t longest_text = 1024;  ///< of a name or a comment
/// About three years: beyond it a time is a mistake.
constexpr std::uint64_t last_second = 100'000'000;

/// Takes the next word off the front of `text`; empty at its end.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

template <class Number>
std::optional<Number> parse_number(std::string_view word, int base) {
  Number number{};
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  if (failure != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

/// Two-digit words to the end of the text.
std::optional<std::vector<std::byte>> parse_bytes(std::string_view text) {
  std::vector<std::byte> bytes;
  for (auto word = take_word(text); !word.empty(); word = take_word(text)) {
    const auto value = word.size() <= 2 ? parse_number<std::uint8_t>(word, 16) : std::nullopt;
    if (!value || bytes.size() == largest_recorded_report) return std::nullopt;
    bytes.push_back(std::byte{*value});
  }
  return bytes;
}

/// "SECONDS.MICROSECONDS", the latter six digits.
std::optional<std::chrono::microseconds> parse_time(std::string_view word) {
  const auto point = word.find('.');
  if (point == std::string_view::npos || word.size() - point != 7) return std::nullopt;
  const auto seconds = parse_number<std::uint64_t>(word.substr(0, point), 10);
  const auto micros = parse_number<std::uint32_t>(word.substr(point + 1), 10);
  if (!seconds || !micros || *seconds > last_second) return std::nullopt;
  return std::chrono::seconds(*seconds) + std::chrono::microseconds(*micros);
}

void append_bytes(std::string& text, std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (const auto byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    text += ' ';
    text += digits[value >> 4];
    text += digits[value & 15];
  }
}

/// As one line can hold it.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return std::string(trimmed(trimmed(line).substr(0, longest_text)));
}

/// Reads one file's lines into a recording; each returns an empty string or what is wrong.
class Parser {
 public:
  explicit Parser(Recording& recording) : recording_(recording) {}

  std::string line(std::string_view text) {
    text = trimmed(text);
    if (text.empty()) return {};
    if (text.front() == '#') return comment(trimmed(text.substr(1)));
    if (text.size() < 2 || text[1] != ':') return unknown();
    const auto value = trimmed(text.substr(2));
    switch (text.front()) {
      case 'N':
        return words(recording_.name, value);
      case 'P':
        return words(recording_.phys, value);
      case 'U':
        return words(recording_.uniq, value);
      case 'I':
        return ids(value);
      case 'E':
        return report(value);
      case 'D':
        return value == "0" ? std::string{} : "this is a second device; one per file is accepted";
      case 'R':
        return {};
      default:
        return unknown();
    }
  }

  [[nodiscard]] bool has_ids() const { return has_ids_; }

 private:
  static std::string unknown() {
    return "not a line of a recording; lines begin with #, N:, P:, U:, I:, R:, D: or E:";
  }

  static std::string words(std::string& place, std::string_view value) {
    if (value.size() > longest_text) return "longer than 1024 characters";
    place = value;
    return {};
  }

  std::string comment(std::string_view text) {
    if (text.substr(0, feature_mark.size()) == feature_mark)
      return feature(text.substr(feature_mark.size()));
    const bool is_kept = recording_.size() == 0 && !text.empty() &&
                         recording_.comments.size() < most_recorded_comments &&
                         text.size() <= longest_text;
    if (is_kept) recording_.comments.emplace_back(text);
    return {};
  }

  std::string feature(std::string_view text) {
    auto bytes = parse_bytes(text);
    if (!bytes || bytes->empty())
      return "a feature report is two-digit hexadecimal bytes, its id first, at most 4096";
    if (recording_.features.size() == most_recorded_features)
      return "more than 256 feature reports";
    recording_.features.push_back(std::move(*bytes));
    return {};
  }

  std::string ids(std::string_view text) {
    const auto bus = parse_number<std::uint16_t>(take_word(text), 16);
    const auto vendor = parse_number<std::uint16_t>(take_word(text), 16);
    const auto product = parse_number<std::uint16_t>(take_word(text), 16);
    if (!bus || !vendor || !product || !trimmed(text).empty())
      return "I: takes bus, vendor and product in hexadecimal, as in \"I: 5 054c 03d5\"";
    recording_.bus = *bus;
    recording_.vendor = *vendor;
    recording_.product = *product;
    has_ids_ = true;
    return {};
  }

  std::string report(std::string_view text) {
    const auto time = parse_time(take_word(text));
    if (!time) return "a report's time is SECONDS.MICROSECONDS, with six digits after the point";
    if (*time < recording_.duration()) return "this report's time is before the last one's";
    const auto size = parse_number<std::size_t>(take_word(text), 10);
    if (!size || *size == 0 || *size > largest_recorded_report)
      return "a report's size is a number from 1 to 4096";
    const auto bytes = parse_bytes(text);
    if (!bytes) return "a report's bytes are two hexadecimal digits each";
    if (bytes->size() != *size)
      return "the report says " + std::to_string(*size) + " bytes and has " +
             std::to_string(bytes->size());
    if (recording_.size() == most_reports) return "more than 16 million reports";
    recording_.add(*time, *bytes);
    return {};
  }

  Recording& recording_;
  bool has_ids_ = false;
};

}  // namespace

void Recording::add(std::chrono::microseconds time, std::span<const std::byte> bytes) {
  assert(!bytes.empty() && bytes.size() <= largest_recorded_report && time >= duration());
  places_.push_back({.time = time, .offset = bytes_.size(), .length = bytes.size()});
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

Recording::Report Recording::operator[](std::size_t index) const {
  const auto& place = places_[index];
  return {.time = place.time, .bytes = std::span(bytes_).subspan(place.offset, place.length)};
}

std::chrono::microseconds Recording::duration() const {
  return places_.empty() ? std::chrono::microseconds(0) : places_.back().time;
}

std::vector<std::vector<std::byte>> Recording::features_of(std::uint8_t id) const {
  std::vector<std::vector<std::byte>> found;
  for (const auto& feature : features)
    if (!feature.empty() && feature[0] == std::byte{id}) found.push_back(feature);
  return found;
}

ReadRecording parse_recording(std::string_view text) {
  ReadRecording read;
  Parser parser(read.recording);
  std::size_t number = 0;
  while (!text.empty() && read.error.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto wrong = line.find('\r') == std::string_view::npos
                           ? parser.line(line)
                           : std::string("a carriage return stands inside the line");
    if (!wrong.empty()) read.error = "line " + std::to_string(number) + ": " + wrong + ".";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (read.error.empty() && !parser.has_ids())
    read.error = "there is no line I: with the device's bus, vendor and product.";
  return read;
}

ReadRecording read_recording(const std::string& path) {
  const auto failed = [&path](const std::string& why) {
    return ReadRecording{.recording = {}, .error = path + ": " + why};
  };
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return failed("cannot be opened.");
  const auto size = static_cast<std::streamoff>(file.tellg());
  if (size < 0 || size > std::numeric_limits<std::ptrdiff_t>::max())
    return failed("is not a file.");
  if (static_cast<std::size_t>(size) > largest_recording_file)
    return failed("is larger than 512 MiB.");
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) return failed("cannot be read.");
  auto read = parse_recording(text);
  if (!read.error.empty()) read.error = path + ": " + read.error;
  return read;
}

std::string recording_head(const Recording& recording) {
  std::string text;
  for (const auto& comment : recording.comments) text += "# " + one_line(comment) + '\n';
  text += "N: " + one_line(recording.name) + '\n';
  text += "P: " + one_line(recording.phys) + '\n';
  if (!recording.uniq.empty()) text += "U: " + one_line(recording.uniq) + '\n';
  std::array<char, 32> ids{};
  std::snprintf(ids.data(), ids.size(), "I: %x %04x %04x\n", unsigned{recording.bus},
                unsigned{recording.vendor}, unsigned{recording.product});
  text += ids.data();
  for (const auto& feature : recording.features) {
    text += "# psmoved feature";
    append_bytes(text, feature);
    text += '\n';
  }
  return text;
}

std::string recording_line(std::chrono::microseconds time, std::span<const std::byte> bytes) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  std::array<char, 64> head{};
  std::snprintf(head.data(), head.size(), "E: %06lld.%06lld %zu",
                static_cast<long long>(whole.count()),
                static_cast<long long>((time - whole).count()), bytes.size());
  std::string text = head.data();
  append_bytes(text, bytes);
  text += '\n';
  return text;
}

std::string to_text(const Recording& recording) {
  auto text = recording_head(recording);
  for (std::size_t i = 0; i < recording.size(); ++i)
    text += recording_line(recording[i].time, recording[i].bytes);
  return text;
}

}  // namespace psmove::drivers
