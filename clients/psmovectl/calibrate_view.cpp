#include "clients/psmovectl/calibrate_view.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "api/wire/calibration_json.hpp"

namespace psmove::client {
namespace {

constexpr int map_column = 22;
// Columns of a cell from the handle's pole of the map to the other, so that it looks round.
constexpr std::array<int, DirectionCells::bands> cell_columns = {3, 4, 5, 4, 3};
constexpr int widest = cell_columns[2] * static_cast<int>(DirectionCells::sectors);
constexpr int bar_columns = 40;

std::string side_in_words(const Vec3<Microtesla>& direction) {
  const auto side = wire::side_of(direction);
  if (side == "right" || side == "left") return std::string(side) + " side";
  if (side == "handle") return "end of the handle";
  if (side == "trigger") return "trigger side";
  return std::string(side);
}

std::string map_row(const DirectionCells& directions, std::size_t band, const Style& style) {
  const int columns = cell_columns[band];
  const int margin = (widest - columns * static_cast<int>(DirectionCells::sectors)) / 2;
  std::string row = repeated(" ", map_column + margin);
  const std::string_view seen = style.utf8 ? "█" : "#";
  const std::string_view missing = style.utf8 ? "·" : ".";
  for (std::size_t sector = 0; sector < DirectionCells::sectors; ++sector)
    row += repeated(directions.seen[band * DirectionCells::sectors + sector] ? seen : missing,
                    columns);
  return row;
}

std::string centred_on_map(std::string_view text) {
  return repeated(" ", map_column + (widest - display_width(text)) / 2) + std::string(text);
}

}  // namespace

std::string next_turn(const GuidedFit& fit) {
  if (!fit.missing) return fit.readings == 0 ? "turn it" : "every direction was seen";
  return "turn the " + side_in_words(*fit.missing) + " to where the field goes, " +
         number(fit.missing_angle_deg, 0) + " degrees to go";
}

std::string fit_summary(const MagnetometerCalibration& fit) {
  return "field " + number(fit.field_ut, 1) + " uT, even within " + number(fit.residual_ut, 1) +
         " uT; hard iron " + number(norm(fit.hard_iron), 1) + " uT; " +
         number(100 * fit.coverage, 0) + " % of all directions";
}

std::vector<std::string> render_calibrate(const GuidedFit& fit, const CalibrateFrame& frame) {
  const Style& style = frame.style;
  std::vector<std::string> lines;
  const auto add = [&](std::string_view text) {
    lines.push_back(fitted(text, style.columns, style));
  };
  if (frame.trouble.empty())
    lines.push_back(bold(fitted(" psmoved at " + frame.server + ": magnetometer of " +
                                    printable(frame.controller, style),
                                style.columns, style),
                         style));
  else
    lines.push_back(
        warning(fitted(" " + printable(frame.trouble, style), style.columns, style), style));
  add("");
  add(" Turn the controller about slowly until every side has pointed everywhere.");
  add(" Stay away from magnets, loudspeakers and steel.");
  add("");
  add(centred_on_map("buttons"));
  for (std::size_t band = DirectionCells::bands; band-- > 0;) {
    add(map_row(fit.directions, band, style));
    add(map_row(fit.directions, band, style));
  }
  add(centred_on_map("trigger"));
  add(repeated(" ", map_column - 2) + "left    handle     right     sphere    left");
  add("");
  add(" directions " + bar(fit.coverage, bar_columns, style) + " " +
      number(100 * fit.coverage, 0, 3) + " %   " + std::to_string(fit.readings) + " readings");
  add(" next       " + next_turn(fit));
  const std::string_view keys = fit.can_finish ? " Enter finish now   q give up" : " q give up";
  while (lines.size() + 1 < static_cast<std::size_t>(frame.rows)) add("");
  lines.resize(static_cast<std::size_t>(std::max(frame.rows - 1, 0)));
  lines.push_back(dim(fitted(keys, style.columns, style), style));
  return lines;
}

}  // namespace psmove::client
