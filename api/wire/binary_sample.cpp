#include "api/wire/binary_sample.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

namespace psmove::wire {
namespace {

constexpr std::uint8_t type_motion = 1;

/// Bits of a record's flags.
constexpr unsigned has_motion = 1, has_mag = 2, has_stick = 4;

/// Fills a buffer of exactly the right size.
template <std::size_t Size>
class Writer {
 public:
  template <class Unsigned>
  void put(Unsigned value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      bytes_[at_++] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  void put_float(double value) {
    const auto number = std::isfinite(value) ? static_cast<float>(value) : 0.0F;
    put(std::bit_cast<std::uint32_t>(number));
  }
  void put_nobodys(std::size_t floats) {
    for (; floats > 0; --floats)
      put(std::bit_cast<std::uint32_t>(std::numeric_limits<float>::quiet_NaN()));
  }
  template <class Unit>
  void put_vector(const Vec3<Unit>& v) {
    put_float(v.x);
    put_float(v.y);
    put_float(v.z);
  }
  void append_to(std::string& out) const { out.append(bytes_.data(), Size); }

 private:
  std::array<char, Size> bytes_{};
  std::size_t at_ = 0;
};

std::uint32_t bits_of(Buttons buttons) {
  std::uint32_t bits = 0;
  buttons.for_each([&bits](Button button) { bits |= 1U << static_cast<unsigned>(button); });
  return bits;
}

/// -1..1 in steps of 1/32767.
std::uint16_t stick_steps(double fraction) {
  const double steps = std::isfinite(fraction) ? std::clamp(fraction, -1.0, 1.0) * 32767 : 0;
  return static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lround(steps)));
}

/// 0..1 in steps of 1/255.
std::uint8_t octet_of(double fraction) {
  const double steps = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) * 255 : 0;
  return static_cast<std::uint8_t>(std::lround(steps));
}

std::uint8_t whole_degrees(double celsius) {
  const double degrees = std::isfinite(celsius) ? std::clamp(celsius, -128.0, 127.0) : 0;
  return static_cast<std::uint8_t>(static_cast<std::int8_t>(std::lround(degrees)));
}

}  // namespace

void append_binary_u32(std::string& out, std::uint32_t value) {
  Writer<4> writer;
  writer.put(value);
  writer.append_to(out);
}

void append_binary_header(std::string& out, const BinaryHeader& header) {
  Writer<binary_header_bytes> writer;
  writer.put(binary_version);
  writer.put(type_motion);
  writer.put(static_cast<std::uint16_t>(binary_sample_bytes));
  writer.put(header.count);
  for (const auto octet : header.controller.octets) writer.put(octet);
  writer.put(header.dropped);
  writer.put(static_cast<std::uint64_t>(header.received_us));
  writer.append_to(out);
}

void append_binary_sample(std::string& out, const Sample& sample) {
  Writer<binary_sample_bytes> writer;
  writer.put(sample.sequence);
  writer.put(static_cast<std::uint64_t>(sample.time_us));
  if (sample.has_motion) {
    writer.put_vector(sample.accel);
    writer.put_vector(sample.gyro);
  } else {
    writer.put_nobodys(6);
  }
  const bool mag_is_there = sample.has_motion && sample.mag.has_value();
  if (mag_is_there)
    writer.put_vector(*sample.mag);
  else
    writer.put_nobodys(3);
  if (sample.has_motion) {
    for (const double part :
         {sample.orientation.w, sample.orientation.x, sample.orientation.y, sample.orientation.z})
      writer.put_float(part);
    writer.put_vector(sample.linear_accel);
  } else {
    writer.put_nobodys(7);
  }
  writer.put_float(sample.trigger);
  writer.put(bits_of(sample.buttons));
  const Stick stick = sample.stick.value_or(Stick{});
  writer.put(stick_steps(stick.x));
  writer.put(stick_steps(stick.y));
  writer.put(whole_degrees(sample.has_motion ? sample.temperature_c : 0));
  const unsigned flags = (sample.has_motion ? has_motion : 0U) | (mag_is_there ? has_mag : 0U) |
                         (sample.stick ? has_stick : 0U);
  writer.put(static_cast<std::uint8_t>(flags));
  writer.put(octet_of(sample.pressures.value_or(Pressures{}).l1));
  writer.put(std::uint8_t{0});
  writer.append_to(out);
}

}  // namespace psmove::wire
