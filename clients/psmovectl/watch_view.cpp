// Drawing of the live view, in characters.

#include "clients/psmovectl/watch_view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "api/wire/controller_json.hpp"
#include "clients/psmovectl/describe.hpp"

namespace psmove::client {
namespace {

using Lines = std::vector<std::string>;

/// What half of a bar stands for; hands reach this, and rarely more.
constexpr double accel_span_m_s2 = 2 * standard_gravity;
constexpr double gyro_span_rad_s = 10;
constexpr double mag_span_ut = 80;  // the Earth's field is 25 to 65

constexpr int compact_columns = 76;
constexpr int full_view_columns = 72;
constexpr int full_view_rows = 20;
constexpr int horizon_rows = 7;

/// One line under construction, which knows how wide it is whatever colours it holds.
class Row {
 public:
  explicit Row(const WatchFrame& frame) : frame_(frame) {}
  Row& plain(std::string_view text) { return add(text, std::string(text)); }
  Row& strong(std::string_view text) { return add(text, bold(text, frame_.style)); }
  Row& quiet(std::string_view text) { return add(text, dim(text, frame_.style)); }
  Row& alarming(std::string_view text) { return add(text, warning(text, frame_.style)); }
  /// A patch of colour; the hex digits beside it say the same without colours.
  Row& patch(Rgb color, int width) {
    if (frame_.style.colors == Colors::none) return *this;
    width_ += width;
    text_ += swatch(color, width, frame_.style);
    return *this;
  }
  Row& pad_to(int column) { return plain(repeated(" ", column - width_)); }
  Row& append(const Row& other) {
    width_ += other.width_;
    text_ += other.text_;
    return *this;
  }
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] std::string text() const { return text_; }

 private:
  /// What does not fit is cut; a cut piece loses its colour, because SGR has no width to cut by.
  Row& add(std::string_view text, std::string styled) {
    const int room = frame_.style.columns - width_;
    const int width = display_width(text);
    text_ += width <= room ? std::move(styled) : fitted(text, std::max(0, room), frame_.style);
    width_ += std::min(width, std::max(0, room));
    return *this;
  }

  const WatchFrame& frame_;
  std::string text_;
  int width_ = 0;
};

std::string percent_text(double fraction) {
  return number(fraction * 100, 1) + "%";
}

std::string server_text(const WatchFrame& frame) {
  return " psmoved at " + frame.server;
}

std::string title(const WatchModel& model, const WatchFrame& frame) {
  Row row(frame);
  if (!frame.trouble.empty()) {
    row.alarming(" " + printable(frame.trouble, frame.style));
    return row.text();
  }
  row.strong(server_text(frame));
  const auto connected =
      std::count_if(model.controllers().begin(), model.controllers().end(),
                    [](const WatchedController& each) { return each.about.connected; });
  const auto count = std::to_string(connected) + " of " +
                     std::to_string(model.controllers().size()) + " connected ";
  return row.pad_to(frame.style.columns - display_width(count)).quiet(count).text();
}

std::string keys(const WatchModel& model, const WatchFrame& frame) {
  Row row(frame);
  row.quiet(" q quit");
  if (model.controllers().size() > 1) row.quiet("   1-9 or tab one in full   a all");
  return row.text();
}

/// Name, model and number, with what is wrong where it is away.
Row identity(const WatchedController& watched, const WatchFrame& frame) {
  const auto& about = watched.about;
  Row row(frame);
  row.strong(right_aligned(std::to_string(about.number), 2) + " ");
  row.strong(fitted(about.name.empty() ? "-" : printable(about.name, frame.style),
                    std::clamp(frame.style.columns / 5, 8, 24), frame.style));
  row.plain(" " + printable(about.model, frame.style) + "  ");
  if (!about.connected) return row.alarming(presence_text(about) + " ");
  return row;
}

void add_battery(Row& row, const Battery& battery, const Style& style) {
  if (battery.percent) row.plain(bar(*battery.percent / 100.0, 8, style) + " ");
  row.plain(fitted(battery_text(battery), 8, style));
}

void add_arrivals(Row& row, const WatchedController& watched) {
  row.plain(number(watched.arrivals.samples_per_s(), 0, 4) + "/s ");
  const auto lost = percent_text(watched.arrivals.lost_fraction()) + " lost";
  if (watched.arrivals.lost_fraction() > 0.01)
    row.alarming(lost);
  else
    row.plain(lost);
}

void add_light(Row& row, const Controller& about, const Style&) {
  row.patch(about.led.color, 3);
  row.plain(" " + wire::hex_color(about.led.color));
}

template <class Unit>
std::string axes(const Vec3<Unit>& v, int decimals) {
  return number(v.x, decimals, 7) + number(v.y, decimals, 7) + number(v.z, decimals, 7);
}

/// A Move's nine in their places, so that the eye finds them: those that are up are dim. Those of
/// other devices show while they are held.
void add_buttons(Row& row, Buttons buttons, const Style& style) {
  for (std::size_t i = 0; i < button_count; ++i) {
    const auto name = std::string(button_names[i]);
    if (i >= move_button_count && !buttons.contains(static_cast<Button>(i))) continue;
    if (buttons.contains(static_cast<Button>(i)))
      row.strong("[" + name + "]");
    else if (style.colors == Colors::none)
      row.plain(" " + repeated(style.utf8 ? "·" : ".", display_width(name)) + " ");
    else
      row.quiet(" " + name + " ");
  }
}

// ---- several controllers

std::string attitude_text(const Quaternion& orientation, const Style& style) {
  const auto attitude = attitude_of(orientation);
  const std::string degrees = style.utf8 ? "°" : "";
  return "heading " + number(attitude.heading, 0, 3) + degrees + "  pitch " +
         number(attitude.pitch, 0, 4) + degrees + "  roll " + number(attitude.roll, 0, 4) + degrees;
}

std::string stick_text(const Stick& stick) {
  return "stick x" + number(stick.x, 2, 6) + "  y" + number(stick.y, 2, 6);
}

/// How it is held, or where its stick is.
std::string pose_text(const Sample& sample, const Style& style) {
  if (sample.has_motion) return attitude_text(sample.orientation, style);
  return stick_text(sample.stick.value_or(Stick{}));
}

void add_compact(Lines& lines, const WatchedController& watched, const WatchFrame& frame) {
  auto head = identity(watched, frame);
  if (watched.about.connected) {
    add_battery(head, watched.about.battery, frame.style);
    add_arrivals(head, watched);
    head.plain("  ");
    add_light(head, watched.about, frame.style);
    if (watched.about.rumble.value != 0)
      head.plain(" rumble " + std::to_string(watched.about.rumble.value));
  } else {
    head.plain(printable(watched.about.hint, frame.style));
  }
  lines.push_back(head.text());
  if (!watched.newest || !watched.about.connected) {
    lines.insert(lines.end(), 2, std::string());
    return;
  }
  const auto& sample = *watched.newest;
  const std::string_view squared = frame.style.utf8 ? " m/s²" : " m/s2";
  Row motion(frame);
  motion.plain("   " + pose_text(sample, frame.style));
  const bool has_room =
      sample.has_motion && frame.style.columns >= compact_columns;  // half a number would mislead
  if (has_room) motion.pad_to(44).quiet("accel").plain(axes(sample.accel, 2)).quiet(squared);
  lines.push_back(motion.text());
  Row touch(frame);
  touch.plain("   ").quiet("trigger ").plain(bar(sample.trigger, 10, frame.style));
  touch.plain(number(sample.trigger, 2, 5) + "  ");
  if (!sample.buttons.empty()) touch.strong(fitted(buttons_text(sample.buttons), 15, frame.style));
  if (has_room) touch.pad_to(44).quiet("gyro ").plain(axes(sample.gyro, 2)).quiet(" rad/s");
  lines.push_back(touch.text());
}

void add_dense(Lines& lines, const WatchedController& watched, const WatchFrame& frame) {
  auto row = identity(watched, frame);
  if (!watched.about.connected) {
    lines.push_back(row.text());
    return;
  }
  row.plain(fitted(battery_text(watched.about.battery), 8, frame.style) + " ");
  if (watched.newest) {
    if (watched.newest->has_motion) {
      const auto attitude = attitude_of(watched.newest->orientation);
      const std::string degrees = frame.style.utf8 ? "°" : "";
      row.quiet("hdg").plain(number(attitude.heading, 0, 4) + degrees);
      row.quiet(" pitch").plain(number(attitude.pitch, 0, 4) + degrees);
      row.quiet(" roll").plain(number(attitude.roll, 0, 5) + degrees + " ");
    } else {
      row.plain(pose_text(*watched.newest, frame.style) + " ");
    }
    row.plain(bar(watched.newest->trigger, 6, frame.style) + " ");
    if (!watched.newest->buttons.empty()) row.strong(buttons_text(watched.newest->buttons));
  }
  lines.push_back(row.text());
}

Lines several(const WatchModel& model, const WatchFrame& frame, int rows) {
  const int count = static_cast<int>(model.controllers().size());
  const bool is_compact = count * 3 <= rows;
  const bool is_spaced = count * 4 - 1 <= rows;
  Lines lines;
  for (const auto& watched : model.controllers()) {
    if (!is_compact) {
      add_dense(lines, watched, frame);
      continue;
    }
    add_compact(lines, watched, frame);
    if (is_spaced) lines.emplace_back();
  }
  if (!is_compact && count > rows && rows > 0) {
    lines.resize(static_cast<std::size_t>(rows - 1));
    Row rest(frame);
    lines.push_back(rest.quiet(" and " + std::to_string(count - rows + 1) + " more").text());
  }
  return lines;
}

// ---- one controller in full

/// "label  [bar]  value", `width` columns wide.
Row gauge(const WatchFrame& frame, std::string_view label, const std::string& drawn,
          const std::string& value) {
  Row row(frame);
  return row.quiet(label).plain(drawn).plain(value);
}

template <class Unit>
void add_axes(std::vector<Row>& rows, const WatchFrame& frame, int width, std::string_view title,
              const Vec3<Unit>& v, double span, int decimals) {
  const int room = width - 4 - 9;
  const int bar_width = room - (room % 2 == 0 ? 1 : 0);
  Row head(frame);
  rows.push_back(head.strong(title));
  for (const auto& [label, value] :
       {std::pair{"  x ", v.x}, std::pair{"  y ", v.y}, std::pair{"  z ", v.z}})
    rows.push_back(gauge(frame, label, centered_bar(value / span, bar_width, frame.style),
                         number(value, decimals, 9)));
}

std::vector<Row> sensor_block(const Sample& sample, const WatchFrame& frame, int width) {
  std::vector<Row> rows;
  const bool utf8 = frame.style.utf8;
  if (!sample.has_motion) {
    const auto stick = sample.stick.value_or(Stick{});
    Row head(frame);
    rows.push_back(head.strong("stick"));
    for (const auto& [label, value] : {std::pair{"  x ", stick.x}, std::pair{"  y ", stick.y}})
      rows.push_back(gauge(frame, label, centered_bar(value, width - 13 - width % 2, frame.style),
                           number(value, 2, 9)));
    return rows;
  }
  add_axes(rows, frame, width, utf8 ? "acceleration m/s²" : "acceleration m/s2", sample.accel,
           accel_span_m_s2, 2);
  add_axes(rows, frame, width, "turn rate rad/s", sample.gyro, gyro_span_rad_s, 2);
  if (sample.mag) {
    add_axes(rows, frame, width, utf8 ? "magnetic field µT" : "magnetic field uT", *sample.mag,
             mag_span_ut, 1);
  } else {
    Row none(frame);
    rows.push_back(none.strong("magnetic field").quiet("  none"));
  }
  return rows;
}

/// The horizon as a pilot sees it, along the axis out of the sphere: the ground is filled.
std::vector<Row> horizon(const Attitude& attitude, const WatchFrame& frame, int width) {
  constexpr double cell_aspect = 2;       // a cell is about twice as high as it is wide
  constexpr double degrees_to_edge = 60;  // of pitch
  const double roll = radians_from_degrees(attitude.roll);
  const double middle = -attitude.pitch / degrees_to_edge * cell_aspect * horizon_rows / 2;
  const std::string_view ground = frame.style.utf8 ? "▒" : ":";
  std::vector<Row> rows;
  for (int y = 0; y < horizon_rows; ++y) {
    std::string line;
    const double up = cell_aspect * ((horizon_rows - 1) / 2.0 - y);
    for (int x = 0; x < width; ++x) {
      const double right = x - (width - 1) / 2.0;
      line += up * std::cos(roll) - right * std::sin(roll) < middle ? ground : " ";
    }
    Row row(frame);
    rows.push_back(row.quiet(frame.style.utf8 ? "  ▕" : "  [")
                       .plain(line)
                       .quiet(frame.style.utf8 ? "▏" : "]"));
  }
  return rows;
}

std::vector<Row> orientation_block(const Sample& sample, const WatchFrame& frame, int width) {
  if (!sample.has_motion) return {};
  const auto attitude = attitude_of(sample.orientation);
  const auto degrees = std::string(frame.style.utf8 ? "°" : " ");
  const int line_width = width - 10 - 8;
  std::vector<Row> rows;
  Row head(frame);
  rows.push_back(head.strong(" orientation"));
  // North is in the middle, so that the mark moves the way the controller turns.
  const double turned = attitude.heading > 180 ? attitude.heading - 360 : attitude.heading;
  rows.push_back(gauge(frame, "  heading ", slider(turned / 360 + 0.5, line_width, frame.style),
                       number(attitude.heading, 1, 7) + degrees));
  rows.push_back(gauge(frame, "  pitch   ",
                       slider(attitude.pitch / 180 + 0.5, line_width, frame.style),
                       number(attitude.pitch, 1, 7) + degrees));
  rows.push_back(gauge(frame, "  roll    ",
                       slider(attitude.roll / 360 + 0.5, line_width, frame.style),
                       number(attitude.roll, 1, 7) + degrees));
  for (auto& row : horizon(attitude, frame, width - 5)) rows.push_back(std::move(row));
  const auto& q = sample.orientation;
  Row quaternion(frame);
  quaternion.quiet("  w").plain(number(q.w, 3, 7)).quiet(" x").plain(number(q.x, 3, 7));
  quaternion.quiet(" y").plain(number(q.y, 3, 7)).quiet(" z").plain(number(q.z, 3, 7));
  rows.push_back(quaternion);
  return rows;
}

void add_side_by_side(Lines& lines, const std::vector<Row>& left, const std::vector<Row>& right,
                      const WatchFrame& frame, int column) {
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    Row row(frame);
    if (i < left.size()) row.append(left[i]);
    if (i < right.size()) row.pad_to(column).append(right[i]);
    lines.push_back(row.text());
  }
}

void add_state_rows(Lines& lines, const WatchedController& watched, const WatchFrame& frame) {
  const auto& about = watched.about;
  const int column = frame.style.columns / 2;
  auto head = identity(watched, frame);
  if (about.connected) head.plain(presence_text(about) + "  ");
  head.quiet(printable(about.source + "  " + about.id, frame.style));
  lines.push_back(head.text());
  if (!about.hint.empty()) {
    Row hint(frame);
    lines.push_back(hint.alarming(" " + printable(about.hint, frame.style)).text());
  }
  Row power(frame);
  power.quiet(" battery  ");
  add_battery(power, about.battery, frame.style);
  power.pad_to(column).quiet(" samples ");
  if (about.connected)
    add_arrivals(power, watched);
  else
    power.plain("none");
  if (about.connected && watched.newest && watched.newest->has_motion)
    power.quiet("  ").plain(number(watched.newest->temperature_c, 0) + degree_sign(frame.style) +
                            "C");
  lines.push_back(power.text());
  Row outputs(frame);
  outputs.quiet(" light    ")
      .patch(about.led.color, 8)
      .plain(" " + wire::hex_color(about.led.color));
  outputs.pad_to(column).quiet(" rumble  ").plain(bar(about.rumble.value / 255.0, 12, frame.style));
  lines.push_back(outputs.plain(number(about.rumble.value, 0, 4)).text());
}

Lines in_full(const WatchedController& watched, const WatchFrame& frame) {
  Lines lines;
  add_state_rows(lines, watched, frame);
  lines.emplace_back();
  if (!watched.newest) {
    lines.push_back(Row(frame).quiet(" no sample yet").text());
    return lines;
  }
  const auto& sample = *watched.newest;
  const int column = frame.style.columns / 2;
  add_side_by_side(lines, orientation_block(sample, frame, column - 2),
                   sensor_block(sample, frame, frame.style.columns - column - 1), frame,
                   column + 1);
  lines.emplace_back();
  Row trigger(frame);
  trigger.quiet(" trigger  ").plain(bar(sample.trigger, column - 16, frame.style));
  lines.push_back(trigger.plain(number(sample.trigger, 2, 5)).text());
  Row buttons(frame);
  buttons.quiet(" buttons ");
  add_buttons(buttons, sample.buttons, frame.style);
  lines.push_back(buttons.text());
  return lines;
}

/// The one to show in full: the chosen one, or the only one there is.
const WatchedController* chosen(const WatchModel& model, const WatchFrame& frame) {
  if (frame.rows < full_view_rows || frame.style.columns < full_view_columns) return nullptr;
  if (frame.focus) return model.find(*frame.focus);
  return model.controllers().size() == 1 ? &model.controllers().front() : nullptr;
}

}  // namespace

std::vector<std::string> render_watch(const WatchModel& model, const WatchFrame& frame) {
  const auto rows = static_cast<std::size_t>(std::max(frame.rows, 1));
  Lines lines = {title(model, frame), std::string()};
  Lines body;
  if (const auto* one = chosen(model, frame))
    body = in_full(*one, frame);
  else if (!model.controllers().empty())
    body = several(model, frame, frame.rows - 4);
  else if (frame.trouble.empty())
    body = {Row(frame).plain(" no controller yet: plug one in with a USB cable").text()};
  lines.insert(lines.end(), body.begin(), body.end());
  lines.resize(rows);
  if (rows > 1) lines.back() = keys(model, frame);
  return lines;
}

std::string sample_line(const WatchedController& controller, const Style& style) {
  if (!controller.newest) return {};
  const auto& sample = *controller.newest;
  const auto motion = sample.has_motion
                          ? "  accel" + axes(sample.accel, 2) + "  gyro" + axes(sample.gyro, 2)
                          : std::string();
  return printable(controller.about.display_name(), style) + ": " + pose_text(sample, style) +
         motion + "  trigger " + number(sample.trigger, 2) + "  buttons " +
         buttons_text(sample.buttons);
}

std::string event_line(const WatchModel& model, const Message& message, const Style& style) {
  const auto* controller = model.find(message.controller_id);
  const auto name =
      printable(controller == nullptr ? message.controller_id : controller->about.display_name(),
                style) +
      ": ";
  switch (message.kind) {
    case Message::Kind::button:
      return name + printable(message.button, style) + (message.pressed ? " pressed" : " released");
    case Message::Kind::battery:
      return name + "battery " + battery_text(message.battery);
    case Message::Kind::controller:
      return message.event == "changed" ? std::string() : name + printable(message.event, style);
    default:
      return {};
  }
}

}  // namespace psmove::client
