#include "clients/psmovectl/psmoveapi_files.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace psmove::client {
namespace {

constexpr std::size_t zcm1_blob = 143, zcm2_blob = 96;
constexpr std::size_t flags_size = 4;
constexpr char calibration_report = 0x10;  ///< the feature report that it was read from
/// The magnetometer's scale: 3.2 counts for each microtesla (felis).
constexpr double ut_per_count = 1 / 3.2;
/// psmoveapi asks for 320 counts on every axis before it is content; less is an unfinished file.
constexpr double least_span = 100;
/// A 12-bit word.
constexpr double largest_reading = 2048;

/// How a binary file begins.
constexpr std::string_view binary_mark = "MvCl";

using Axes = std::array<double, 3>;
struct Extremes {
  Axes low{}, high{};
};

Error unreadable(std::string why) {
  return {ErrorKind::invalid_argument, std::move(why), 0, {}, {}, {}};
}

/// Numbers with commas between them.
std::optional<Axes> numbers_in(std::string_view line) {
  Axes numbers{};
  const char* at = line.data();
  const char* end = at + line.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != ',')) return std::nullopt;
    const auto [stopped, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{} || !std::isfinite(numbers[i])) return std::nullopt;
    at = stopped;
  }
  return at == end ? std::optional(numbers) : std::nullopt;
}

/// Takes the next line, without its end.
std::string_view next_line(std::string_view& text) {
  auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Lines "x,-211,187" for each axis, after a heading; other lines do not matter.
std::optional<Extremes> extremes_in_text(std::string_view text) {
  Extremes found;
  std::array<bool, 3> has{};
  while (!text.empty()) {
    const auto line = next_line(text);
    if (line.size() < 3 || line[0] < 'x' || line[0] > 'z' || line[1] != ',') continue;
    const auto axis = static_cast<std::size_t>(line[0] - 'x');
    const auto numbers = numbers_in("0" + std::string(line.substr(1)));
    if (!numbers) return std::nullopt;
    found.low[axis] = (*numbers)[1];
    found.high[axis] = (*numbers)[2];
    has[axis] = true;
  }
  return has[0] && has[1] && has[2] ? std::optional(found) : std::nullopt;
}

/// Nine floats after a mark: the two extremes and a direction of length 1, in an order that
/// no public source confirms; the values tell them apart.
std::optional<Extremes> extremes_in_binary(std::string_view bytes) {
  std::array<Axes, 3> triples{};
  if (bytes.size() != binary_mark.size() + 9 * sizeof(float)) return std::nullopt;
  for (std::size_t i = 0; i < 9; ++i) {
    std::uint32_t word = 0;
    for (std::size_t octet = 0; octet < 4; ++octet)
      word |= std::uint32_t{static_cast<unsigned char>(bytes[binary_mark.size() + 4 * i + octet])}
              << (8 * octet);
    const auto value = static_cast<double>(std::bit_cast<float>(word));
    if (!std::isfinite(value)) return std::nullopt;
    triples[i / 3][i % 3] = value;
  }
  const auto length = [](const Axes& v) { return std::hypot(v[0], v[1], v[2]); };
  std::sort(triples.begin(), triples.end(),
            [&](const Axes& a, const Axes& b) { return length(a) < length(b); });
  Extremes found{triples[1], triples[2]};
  if (found.low[0] > found.high[0]) std::swap(found.low, found.high);
  return found;
}

}  // namespace

std::optional<PsmoveapiFile> psmoveapi_file(std::string_view name) {
  constexpr std::size_t address_length = 17;
  std::string address(name.substr(0, address_length));
  std::replace(address.begin(), address.end(), '_', ':');
  const auto controller = parse_address(address);
  if (!controller || controller->is_zero()) return std::nullopt;
  const auto extension = name.substr(address_length);
  if (extension == ".calibration") return PsmoveapiFile{*controller, PsmoveapiFile::Kind::factory};
  if (extension == ".magnetometer.csv" || extension == ".magnetometer.dat")
    return PsmoveapiFile{*controller, PsmoveapiFile::Kind::magnetometer};
  return std::nullopt;
}

Answer<FactoryCalibration> read_factory_file(std::string_view content) {
  if (content.size() != zcm1_blob + flags_size)
    return unreadable("it has " + std::to_string(content.size()) + " bytes instead of " +
                      std::to_string(zcm1_blob + flags_size));
  if ((static_cast<unsigned char>(content[zcm1_blob]) & 1U) == 0)
    return unreadable("it says itself that it holds no calibration");
  if (content.front() != calibration_report)
    return unreadable("it does not begin as a calibration does");
  const auto rest = content.substr(zcm2_blob, zcm1_blob - zcm2_blob);
  const bool is_zcm2 = std::all_of(rest.begin(), rest.end(), [](char c) { return c == 0; });
  FactoryCalibration found{.model = is_zcm2 ? "zcm2" : "zcm1", .blob = {}};
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : content.substr(0, is_zcm2 ? zcm2_blob : zcm1_blob)) {
    const auto byte = static_cast<unsigned char>(c);
    found.blob += digits[byte >> 4U];
    found.blob += digits[byte & 15U];
  }
  return found;
}

Answer<MagnetometerCalibration> read_magnetometer_file(std::string_view content) {
  const auto extremes =
      content.starts_with(binary_mark) ? extremes_in_binary(content) : extremes_in_text(content);
  if (!extremes) return unreadable("it holds no smallest and largest reading for each axis");
  Axes radius{}, center{};
  for (std::size_t axis = 0; axis < radius.size(); ++axis) {
    const double low = extremes->low[axis], high = extremes->high[axis];
    if (!(high - low >= least_span && low >= -largest_reading && high <= largest_reading))
      return unreadable("its readings are those of an unfinished calibration");
    radius[axis] = (high - low) / 2;
    center[axis] = (high + low) / 2;
  }
  const double mean = std::cbrt(radius[0] * radius[1] * radius[2]);
  MagnetometerCalibration fit;
  fit.hard_iron = {center[0] * ut_per_count, -center[1] * ut_per_count, center[2] * ut_per_count};
  for (std::size_t axis = 0; axis < radius.size(); ++axis)
    fit.soft_iron[4 * axis] = mean / radius[axis];
  fit.field_ut = mean * ut_per_count;
  fit.coverage = 1;
  return fit;
}

}  // namespace psmove::client
