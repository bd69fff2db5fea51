#include "api/wire/cbor_sample.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <variant>

#include "api/wire/cbor.hpp"

namespace psmove::wire {
namespace {

constexpr char cbor_null = '\xF6', cbor_false = '\xF4', cbor_true = '\xF5', cbor_float32 = '\xFA';

/// A short key, or a name: its head is one byte.
void append_key(std::string& out, std::string_view name) {
  out += static_cast<char>(0x60U + name.size());
  out += name;
}

void append_number(std::string& out, double value) {
  const auto number = std::isfinite(value) ? static_cast<float>(value) : 0.0F;
  const auto bits = std::bit_cast<std::uint32_t>(number);
  const std::array<char, 5> item = {cbor_float32, static_cast<char>(bits >> 24),
                                    static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                                    static_cast<char>(bits)};
  out.append(item.data(), item.size());
}

void append_number(std::string& out, std::string_view name, double value) {
  append_key(out, name);
  append_number(out, value);
}

void append_truth(std::string& out, std::string_view name, bool value) {
  append_key(out, name);
  out += value ? cbor_true : cbor_false;
}

void append_map(std::string& out, std::size_t members) {
  append_cbor_head(out, CborType::map, members);
}

std::int64_t whole(double value) {
  return std::isfinite(value) ? std::lround(std::clamp(value, -1e6, 1e6)) : 0;
}

template <class Unit>
void append_vector(std::string& out, const Vec3<Unit>& v) {
  append_map(out, 3);
  append_number(out, "x", v.x);
  append_number(out, "y", v.y);
  append_number(out, "z", v.z);
}

void append_quaternion(std::string& out, const Quaternion& q) {
  append_map(out, 4);
  append_number(out, "w", q.w);
  append_number(out, "x", q.x);
  append_number(out, "y", q.y);
  append_number(out, "z", q.z);
}

void append_buttons(std::string& out, Buttons buttons) {
  std::size_t count = 0;
  buttons.for_each([&count](Button) { ++count; });
  append_cbor_head(out, CborType::array, count);
  buttons.for_each([&out](Button button) { append_key(out, to_string(button)); });
}

void append_controls(std::string& out, const SharpShooter& gun) {
  append_map(out, 4);
  append_key(out, "weapon");
  if (gun.weapon == 0)
    out += cbor_null;
  else
    append_cbor_integer(out, gun.weapon);
  append_truth(out, "trigger", gun.trigger);
  append_truth(out, "reload", gun.reload);
  append_truth(out, "pump", gun.pump);
}

void append_controls(std::string& out, const RacingWheel& wheel) {
  append_map(out, 5);
  append_number(out, "throttle", wheel.throttle);
  append_number(out, "l2", wheel.l2);
  append_number(out, "r2", wheel.r2);
  append_truth(out, "left_paddle", wheel.left_paddle);
  append_truth(out, "right_paddle", wheel.right_paddle);
}

void append_controls(std::string& out, std::monostate) {
  out += cbor_null;
}

void append_field(std::string& out, const Sample& sample, Field field) {
  const bool is_nobodys = !sample.has_motion && field <= Field::temperature_c;
  append_key(out, to_string(field));
  if (is_nobodys) {
    out += cbor_null;
    return;
  }
  switch (field) {
    case Field::accel_m_s2:
      return append_vector(out, sample.accel);
    case Field::gyro_rad_s:
      return append_vector(out, sample.gyro);
    case Field::mag_ut:
      if (sample.mag) return append_vector(out, *sample.mag);
      out += cbor_null;
      return;
    case Field::orientation:
      return append_quaternion(out, sample.orientation);
    case Field::linear_accel_m_s2:
      return append_vector(out, sample.linear_accel);
    case Field::temperature_c:
      return append_cbor_integer(out, whole(sample.temperature_c));
    case Field::trigger:
      return append_number(out, sample.trigger);
    case Field::buttons:
      return append_buttons(out, sample.buttons);
    case Field::extension:
      return std::visit([&out](const auto& controls) { append_controls(out, controls); },
                        sample.extension);
    case Field::stick:
      if (!sample.stick) {
        out += cbor_null;
        return;
      }
      append_map(out, 2);
      append_number(out, "x", sample.stick->x);
      append_number(out, "y", sample.stick->y);
      return;
    case Field::pressures:
      if (!sample.pressures) {
        out += cbor_null;
        return;
      }
      append_map(out, pressure_members.size());
      for (const auto& [button, value] : pressure_members)
        append_number(out, to_string(button), *sample.pressures.*value);
  }
}

/// The chosen members, without those that are left out where they would be null.
std::uint16_t written_fields(const Sample& sample, std::uint16_t fields) {
  unsigned written = fields & every_field;
  if ((fields & leave_out_nulls) == 0) return static_cast<std::uint16_t>(written);
  if (std::holds_alternative<std::monostate>(sample.extension))
    written &= ~unsigned{bit(Field::extension)};
  if (!sample.stick) written &= ~unsigned{bit(Field::stick)};
  if (!sample.pressures) written &= ~unsigned{bit(Field::pressures)};
  return static_cast<std::uint16_t>(written);
}

}  // namespace

void append_cbor_sample(std::string& out, const Sample& sample, std::uint16_t fields) {
  const unsigned written = written_fields(sample, fields);
  append_map(out, 2 + static_cast<std::size_t>(std::popcount(written)));
  append_key(out, "sequence");
  append_cbor_head(out, CborType::positive, sample.sequence);
  append_key(out, "time_us");
  append_cbor_integer(out, sample.time_us);
  for (unsigned rest = written; rest != 0; rest &= rest - 1)
    append_field(out, sample, static_cast<Field>(std::countr_zero(rest)));
}

}  // namespace psmove::wire
