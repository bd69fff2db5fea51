// Fixed-point decimals straight to where they are sent from: a sample costs a tenth of a
// microsecond, where a general JSON library takes six. Integers are written with the same few lines
// of code and table: std::to_chars has its own, which would be the only thing that a report needs
// them for.

#include "api/wire/sample_encoder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace psmove::wire {
namespace {

constexpr std::array<std::string_view, field_count> field_names = {
    "accel_m_s2", "gyro_rad_s", "mag_ut",    "orientation", "linear_accel_m_s2", "temperature_c",
    "trigger",    "buttons",    "extension", "stick",       "pressures"};

// One count of each sensor, and so the digit that still says something: accelerometer 2.4 mm/s^2,
// gyroscope 1.1 mrad/s (0.1 after averaging), magnetometer about 0.1 uT. An orientation is computed
// and gets 6 digits, a tenth of a millidegree.
constexpr int accel_decimals = 4;
constexpr int gyro_decimals = 5;
constexpr int mag_decimals = 2;
constexpr int orientation_decimals = 6;
constexpr int trigger_decimals = 4;

// Far beyond any sensor; keeps every number within the buffer and within an int64 of 1e-6 steps.
constexpr double largest = 99'999'999.0;

constexpr auto two_digits = [] {
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr std::uint64_t power_of_ten(int exponent) {
  std::uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

char* write_text(char* p, std::string_view text) {
  std::memcpy(p, text.data(), text.size());
  return p + text.size();
}

/// Exactly `Digits` digits of `value`, leading zeros included.
template <int Digits>
char* write_digits(char* p, std::uint32_t value) {
  if constexpr (Digits == 1) {
    *p = static_cast<char>('0' + value);
    return p + 1;
  } else if constexpr (Digits == 2) {
    std::memcpy(p, &two_digits[2 * static_cast<std::size_t>(value)], 2);
    return p + 2;
  } else {
    constexpr auto low = static_cast<std::uint32_t>(power_of_ten(Digits - 2));
    return write_digits<Digits - 2>(write_digits<2>(p, value / low), value % low);
  }
}

char* write_whole(char* p, std::uint64_t value) {
  std::array<char, longest_integer> digits;
  char* const end = digits.data() + digits.size();
  char* first = end;
  for (; value >= 100; value /= 100)
    write_digits<2>(first -= 2, static_cast<std::uint32_t>(value % 100));
  if (value >= 10)
    write_digits<2>(first -= 2, static_cast<std::uint32_t>(value));
  else
    write_digits<1>(--first, static_cast<std::uint32_t>(value));
  return std::copy(first, end, p);
}

template <int Decimals>
char* write_decimal(char* p, double value) {
  constexpr std::uint64_t scale = power_of_ten(Decimals);
  double magnitude = std::fabs(value);
  if (!(magnitude <= largest)) magnitude = std::isfinite(value) ? largest : 0;
  // Right for what is not negative, and no call as llround is.
  const auto steps =
      static_cast<std::uint64_t>(magnitude * static_cast<double>(scale) + 0.5);  // NOLINT
  if (steps == 0) return write_digits<1>(p, 0);
  *p = '-';
  p += std::signbit(value) ? 1 : 0;
  p = write_whole(p, steps / scale);
  if constexpr (Decimals > 0) {
    const auto fraction = static_cast<std::uint32_t>(steps % scale);
    if (fraction == 0) return p;
    *p++ = '.';
    p = write_digits<Decimals>(p, fraction);
  }
  return p;
}

template <int Decimals, class Unit>
char* write_vector(char* p, const Vec3<Unit>& v) {
  p = write_decimal<Decimals>(write_text(p, R"({"x":)"), v.x);
  p = write_decimal<Decimals>(write_text(p, R"(,"y":)"), v.y);
  p = write_decimal<Decimals>(write_text(p, R"(,"z":)"), v.z);
  *p++ = '}';
  return p;
}

char* write_quaternion(char* p, const Quaternion& q) {
  p = write_decimal<orientation_decimals>(write_text(p, R"({"w":)"), q.w);
  p = write_decimal<orientation_decimals>(write_text(p, R"(,"x":)"), q.x);
  p = write_decimal<orientation_decimals>(write_text(p, R"(,"y":)"), q.y);
  p = write_decimal<orientation_decimals>(write_text(p, R"(,"z":)"), q.z);
  *p++ = '}';
  return p;
}

char* write_buttons(char* p, Buttons buttons) {
  *p++ = '[';
  buttons.for_each([&p](Button button) {
    *p++ = '"';
    p = write_text(p, to_string(button));
    p = write_text(p, "\",");
  });
  if (p[-1] == ',') --p;
  *p++ = ']';
  return p;
}

char* write_truth(char* p, bool value) {
  return write_text(p, value ? "true" : "false");
}

char* write_controls(char* p, const SharpShooter& gun) {
  p = write_text(p, R"({"weapon":)");
  p = gun.weapon == 0 ? write_text(p, "null") : write_digits<1>(p, gun.weapon);
  p = write_truth(write_text(p, R"(,"trigger":)"), gun.trigger);
  p = write_truth(write_text(p, R"(,"reload":)"), gun.reload);
  p = write_truth(write_text(p, R"(,"pump":)"), gun.pump);
  *p++ = '}';
  return p;
}

char* write_controls(char* p, const RacingWheel& wheel) {
  p = write_decimal<trigger_decimals>(write_text(p, R"({"throttle":)"), wheel.throttle);
  p = write_decimal<trigger_decimals>(write_text(p, R"(,"l2":)"), wheel.l2);
  p = write_decimal<trigger_decimals>(write_text(p, R"(,"r2":)"), wheel.r2);
  p = write_truth(write_text(p, R"(,"left_paddle":)"), wheel.left_paddle);
  p = write_truth(write_text(p, R"(,"right_paddle":)"), wheel.right_paddle);
  *p++ = '}';
  return p;
}

char* write_controls(char* p, std::monostate) {
  return write_text(p, "null");
}

char* write_stick(char* p, const Stick& stick) {
  p = write_decimal<trigger_decimals>(write_text(p, R"({"x":)"), stick.x);
  p = write_decimal<trigger_decimals>(write_text(p, R"(,"y":)"), stick.y);
  *p++ = '}';
  return p;
}

char* write_pressures(char* p, const Pressures& pressures) {
  *p++ = '{';
  for (const auto& [button, value] : pressure_members) {
    *p++ = '"';
    p = write_text(write_text(p, to_string(button)), "\":");
    p = write_decimal<trigger_decimals>(p, pressures.*value);
    *p++ = ',';
  }
  p[-1] = '}';
  return p;
}

/// What few controllers have.
char* write_rare(char* p, const Sample& sample, std::uint16_t fields) {
  const bool writes_nulls = (fields & leave_out_nulls) == 0;
  const bool has_controls = !std::holds_alternative<std::monostate>(sample.extension);
  if ((fields & bit(Field::extension)) != 0 && (has_controls || writes_nulls)) {
    p = write_text(p, R"(,"extension":)");
    p = std::visit([p](const auto& controls) { return write_controls(p, controls); },
                   sample.extension);
  }
  if ((fields & bit(Field::stick)) != 0 && (sample.stick || writes_nulls)) {
    p = write_text(p, R"(,"stick":)");
    p = sample.stick ? write_stick(p, *sample.stick) : write_text(p, "null");
  }
  if ((fields & bit(Field::pressures)) != 0 && (sample.pressures || writes_nulls)) {
    p = write_text(p, R"(,"pressures":)");
    p = sample.pressures ? write_pressures(p, *sample.pressures) : write_text(p, "null");
  }
  return p;
}

char* write_motion(char* p, const Sample& sample, std::uint16_t fields) {
  const auto wants = [fields](Field field) { return (fields & bit(field)) != 0; };
  if (wants(Field::accel_m_s2))
    p = write_vector<accel_decimals>(write_text(p, R"(,"accel_m_s2":)"), sample.accel);
  if (wants(Field::gyro_rad_s))
    p = write_vector<gyro_decimals>(write_text(p, R"(,"gyro_rad_s":)"), sample.gyro);
  if (wants(Field::mag_ut)) {
    p = write_text(p, R"(,"mag_ut":)");
    p = sample.mag ? write_vector<mag_decimals>(p, *sample.mag) : write_text(p, "null");
  }
  if (wants(Field::orientation))
    p = write_quaternion(write_text(p, R"(,"orientation":)"), sample.orientation);
  if (wants(Field::linear_accel_m_s2))
    p = write_vector<accel_decimals>(write_text(p, R"(,"linear_accel_m_s2":)"),
                                     sample.linear_accel);
  if (wants(Field::temperature_c))
    p = write_decimal<0>(write_text(p, R"(,"temperature_c":)"), sample.temperature_c);
  return p;
}

/// The members of the motion sensors on a controller that has none.
char* write_no_motion(char* p, std::uint16_t fields) {
  for (const auto field : {Field::accel_m_s2, Field::gyro_rad_s, Field::mag_ut, Field::orientation,
                           Field::linear_accel_m_s2, Field::temperature_c}) {
    if ((fields & bit(field)) == 0) continue;
    p = write_text(p, ",\"");
    p = write_text(p, to_string(field));
    p = write_text(p, "\":null");
  }
  return p;
}

}  // namespace

std::optional<Field> parse_field(std::string_view name) {
  for (std::size_t i = 0; i < field_names.size(); ++i)
    if (field_names[i] == name) return static_cast<Field>(i);
  return std::nullopt;
}

std::string_view to_string(Field field) {
  return field_names[static_cast<std::size_t>(field)];
}

char* write_integer(char* out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= 0) return write_whole(out, bits);
  *out = '-';
  return write_whole(out + 1, -bits);
}

char* write_sample(char* out, const Sample& sample, std::uint16_t fields) {
  const auto wants = [fields](Field field) { return (fields & bit(field)) != 0; };
  char* p = write_whole(write_text(out, R"({"sequence":)"), sample.sequence);
  p = write_integer(write_text(p, R"(,"time_us":)"), sample.time_us);
  if (sample.has_motion)
    p = write_motion(p, sample, fields);
  else
    p = write_no_motion(p, fields);
  if (wants(Field::trigger))
    p = write_decimal<trigger_decimals>(write_text(p, R"(,"trigger":)"), sample.trigger);
  if (wants(Field::buttons)) p = write_buttons(write_text(p, R"(,"buttons":)"), sample.buttons);
  if ((fields & rare_fields) != 0) p = write_rare(p, sample, fields);
  *p++ = '}';
  return p;
}

void append_sample(std::string& out, const Sample& sample, std::uint16_t fields) {
  std::array<char, longest_sample> buffer;
  const char* const end = write_sample(buffer.data(), sample, fields);
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

}  // namespace psmove::wire
